import Server
import ArgumentParser
@main struct V { static func main() { print(x) } }
