import { add } from "./cart.js"
import { price, productOf } from "./catalog.js"
import { h } from "./frame.js"
import "./analytics.js"

const product = productOf(new URLSearchParams(location.search).get("id"))
const place = document.querySelector("#product")

if (product) {
  const { id, name, kind, text } = product
  document.title = `${name} · Hearth & Hill`
  const said = h("p", { class: "said", role: "status" })
  const button = h("button", { class: "button", type: "button" }, "Add to cart")
  button.addEventListener("click", () => {
    add(id, 1)
    window.vibeTrack("add_to_cart", { product: id, price: product.price / 100, quantity: 1 })
    said.replaceChildren("In your cart. ", h("a", { href: "/shop/cart.html" }, "Go to the cart"))
  })
  place.append(
    h("img", { src: `/shop/art/${id}.svg`, alt: name, width: "320", height: "320" }),
    h("div", {},
      h("p", { class: "kind" }, kind), h("h1", {}, name), h("p", { class: "price" }, price(product.price)),
      h("p", { class: "text" }, text), button, said))
} else {
  place.append(h("p", {}, "We do not have that. ", h("a", { href: "/shop" }, "See all things")))
}
