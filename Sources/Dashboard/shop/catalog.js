// What the shop sells. Prices are whole cents, so that sums stay exact.

export const CURRENCY = "USD"

/** @typedef {{ id: string, name: string, price: number, kind: string, text: string }} Product */

/** @type {Product[]} */
export const PRODUCTS = [
  { id: "mug", name: "Harvest mug", price: 2400, kind: "Kitchen",
    text: "Thrown by hand and dipped in a milk-white glaze. Holds a generous morning." },
  { id: "lamp", name: "Dusk lamp", price: 12900, kind: "Light",
    text: "An oak foot, a linen shade and a pull cord. Warm enough to read by, soft enough to talk by." },
  { id: "chair", name: "Harbour chair", price: 34900, kind: "Furniture",
    text: "Steam-bent ash with a wool seat in deep blue. Stacks three high when friends have gone home." },
  { id: "plant", name: "Fig in terracotta", price: 5800, kind: "Green",
    text: "A young rubber fig in an unglazed pot. Forgives a missed watering, thanks you for a window." },
  { id: "blanket", name: "Rosehip blanket", price: 14500, kind: "Textile",
    text: "Woven from recycled merino with a fringed edge. Big enough for two and a book." },
  { id: "clock", name: "Nine-to-five clock", price: 8900, kind: "Wall",
    text: "A silent sweep movement behind a plain face. It has never once ticked in a meeting." },
  { id: "teapot", name: "Tidewater teapot", price: 7600, kind: "Kitchen",
    text: "Stoneware in the green of a shallow sea, with a strainer that comes out in one piece." },
  { id: "basket", name: "Market basket", price: 4900, kind: "Textile",
    text: "Split willow, woven tight. Carries bread, leeks and whatever else you did not plan to buy." },
]

/** @param {string | null} id */
export const productOf = (id) => PRODUCTS.find((product) => product.id === id)

/** @param {number} cents */
export const price = (cents) =>
  new Intl.NumberFormat(undefined, { style: "currency", currency: CURRENCY }).format(cents / 100)
