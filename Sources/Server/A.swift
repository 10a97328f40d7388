import Database
package let x = 1
