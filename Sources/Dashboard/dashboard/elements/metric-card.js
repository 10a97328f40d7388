import { exact, figure } from "../format.js"
import { h } from "../dom.js"

/** `<metric-card name="online_now" label="Online now">`: one figure; loading until `value` is set. */
export class MetricCard extends HTMLElement {
  #figure = h("span", { class: "figure" }, "–")

  connectedCallback() {
    if (this.childElementCount > 0) return
    const note = this.getAttribute("note")
    this.clear()
    this.append(h("dl", {},
      h("dt", {}, this.getAttribute("label") ?? ""),
      h("dd", {}, this.#figure),
      ...(note ? [h("dd", { class: "note" }, note)] : [])))
  }

  get metric() { return this.getAttribute("name") ?? "" }
  get isLoading() { return this.dataset.state === "loading" }

  /** Back to the loading state, as for another site. */
  clear() {
    this.dataset.state = "loading"
  }

  /** @param {number | null} number null where it is not known */
  set value(number) {
    this.dataset.state = "ready"
    this.#figure.textContent = figure(number)
    this.#figure.title = exact(number)
  }
}
customElements.define("metric-card", MetricCard)
