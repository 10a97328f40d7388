// The cart and the signed-in customer, kept in this browser; both survive a reload.
import { productOf } from "./catalog.js"

/** @typedef {{ id: string, quantity: number }} Line */
/** @typedef {{ id: string, name: string, email: string }} Customer */

/** @returns {Line[]} lines of products that still exist */
export const lines = () => read("shop_cart", []).filter(({ id }) => productOf(id))

export const count = () => lines().reduce((sum, { quantity }) => sum + quantity, 0)

/** @returns {number} cents */
export const total = () => lines().reduce((sum, { id, quantity }) => sum + productOf(id).price * quantity, 0)

/** @param {string} id @param {number} change how many more; a line that falls to none goes */
export function add(id, change) {
  const all = lines()
  const line = all.find((other) => other.id === id)
  if (line) line.quantity += change
  else all.push({ id, quantity: change })
  write("shop_cart", all.filter(({ quantity }) => quantity > 0))
}

export const clear = () => write("shop_cart", [])

/** @returns {Customer | null} */
export const customer = () => read("shop_customer", null)

/** @param {Customer | null} who */
export const setCustomer = (who) => write("shop_customer", who)

function read(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise
  } catch {
    return otherwise
  }
}

function write(key, value) {
  localStorage.setItem(key, JSON.stringify(value))
  dispatchEvent(new Event("cart"))
}
