// What every page of the shop shares: the element maker, the bar on top and the foot.
import { count, customer } from "./cart.js"

/** @param {string} tag @param {Record<string, string>} attributes @param {...(Node | string)} children */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

class ShopBar extends HTMLElement {
  connectedCallback() {
    addEventListener("cart", () => this.#show())
    this.#show()
  }

  #show() {
    const who = customer()
    this.replaceChildren(
      h("a", { class: "name", href: "/shop" }, "Hearth & Hill"),
      h("nav", { "aria-label": "Shop" },
        h("a", { href: "/shop" }, "All things"),
        h("a", { href: "/shop/account.html" }, who ? who.name : "Sign in"),
        h("a", { class: "cart", href: "/shop/cart.html" }, `Cart (${count()})`)))
  }
}
customElements.define("shop-bar", ShopBar)

class ShopFoot extends HTMLElement {
  connectedCallback() {
    const link = h("a", { href: "/crm", target: "_blank", rel: "noopener" }, "live CRM page")
    this.replaceChildren(h("p", {},
      "A demo shop: nothing is sold, nothing is sent. Every click is an event; see it arrive on the ", link, "."))
  }
}
customElements.define("shop-foot", ShopFoot)
