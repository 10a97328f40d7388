import Server
@main struct V { static func main() { print(x) } }
