// swift-tools-version: 6.2
import PackageDescription

// The dependency diagram of the Swift targets, lowest first.
//
//   CKernels ◀ Kernels          numbers in, numbers out; the extension compiles the same sources (extension/Makefile)
//   CLibPQ ◀ Database           libpq made safe; knows no table and no HTTP
//            Database ◀ Server  one folder per door
//                       Server ◀ vibe
//
// Everything is built and tested in one configuration: `swift build -c release --build-tests`.

let strict: [SwiftSetting] = [
  .strictMemorySafety(), .treatAllWarnings(as: .error), .treatWarning("DeprecatedDeclaration", as: .warning),
]

// Foundation's static libraries refer to each other, which the linker resolves only inside a group.
let foundation =
  ["-Xlinker", "--start-group"]
  + [
    "Foundation", "CoreFoundation", "FoundationInternationalization", "FoundationEssentials",
    "_FoundationICU",
    "_FoundationCShims", "_FoundationCollections",
  ].map { "-l\($0)" } + ["-Xlinker", "--end-group", "-lstdc++"]

let package = Package(
  name: "vibe",
  products: [.executable(name: "vibe", targets: ["vibe"])],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.30.0"),
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
  ],
  targets: [
    .target(name: "CKernels"),
    .target(
      name: "Kernels", dependencies: ["CKernels"],
      swiftSettings: [.unsafeFlags(["-Xcc", "-march=x86-64-v3"])]),
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(
      name: "Database",
      dependencies: [
        "CLibPQ",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .target(
      name: "Server",
      dependencies: [
        "Database",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "JWTKit", package: "jwt-kit"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "vibe",
      dependencies: [
        "Database", "Server",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict,
      // The Swift runtime inside the program: it starts on a machine without Swift, and calls into it are direct (8 %).
      linkerSettings: [.unsafeFlags(["-static-stdlib"] + foundation)]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "CKernels"]),
    .testTarget(
      name: "DatabaseTests", dependencies: ["Database", .product(name: "Logging", package: "swift-log")]),
    .testTarget(
      name: "ServerTests",
      dependencies: [
        "Server", "Database", .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
