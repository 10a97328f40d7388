import { PRODUCTS, price } from "./catalog.js"
import { h } from "./frame.js"
import "./analytics.js"

document.querySelector("#products").append(...PRODUCTS.map(({ id, name, price: cents, kind }) =>
  h("li", {}, h("a", { class: "tile", href: `/shop/product.html?id=${id}` },
    h("img", { src: `/shop/art/${id}.svg`, alt: "", width: "320", height: "320" }),
    h("span", { class: "kind" }, kind),
    h("strong", {}, name),
    h("span", { class: "price" }, price(cents))))))
