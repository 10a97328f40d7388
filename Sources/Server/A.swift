import Hummingbird
import JWTKit
import Database
package let x = 1
