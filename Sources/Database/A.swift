import CLibPQ
package func v() -> Int32 { PQlibVersion() }
