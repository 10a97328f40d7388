import { add, lines, total } from "./cart.js"
import { price, productOf } from "./catalog.js"
import { h } from "./frame.js"
import "./analytics.js"

const place = document.querySelector("#cart")

/** @param {string} id @param {number} change @param {string} sign @param {string} label */
function stepper(id, change, sign, label) {
  const button = h("button", { class: "step", type: "button", "aria-label": label }, sign)
  button.addEventListener("click", () => {
    add(id, change)
    window.vibeTrack(change > 0 ? "add_to_cart" : "remove_from_cart", { product: id, quantity: 1 })
    show()
    place.querySelector(`[aria-label="${label}"]`)?.focus() // the old button is gone
  })
  return button
}

function show() {
  const rows = lines().map(({ id, quantity }) => {
    const { name, price: cents } = productOf(id)
    return h("li", { class: "line" },
      h("img", { src: `/shop/art/${id}.svg`, alt: "", width: "72", height: "72" }),
      h("a", { href: `/shop/product.html?id=${id}` }, name),
      h("span", { class: "quantity" }, stepper(id, -1, "−", `One ${name} less`), String(quantity),
        stepper(id, 1, "+", `One ${name} more`)),
      h("span", { class: "price" }, price(cents * quantity)))
  })
  place.replaceChildren(...(rows.length === 0
    ? [h("p", {}, "Your cart is empty. ", h("a", { href: "/shop" }, "Find something"))]
    : [h("ul", { class: "lines" }, ...rows),
      h("p", { class: "sum" }, "Total ", h("strong", {}, price(total()))),
      h("a", { class: "button", href: "/shop/checkout.html" }, "Check out")]))
}

show()
