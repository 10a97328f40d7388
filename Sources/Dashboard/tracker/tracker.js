// Vibe tracker (README: options, reasons). Nothing may throw into the page or block it.
((quietly) => quietly(() => {
  const script = document.currentScript ?? document.querySelector("script[data-site]")
  const { site, consent, cookieless, hash, ignore } = script.dataset
  if (!site || window.vibeTrack?.version) throw "no data-site, or embedded twice"

  const uuid = () => ("0" + Date.now().toString(16)).replace(/.{8}/, "$&-") + "-7xxx-8xxx-xxxxxxxxxxxx".replace(/x/g,
    () => (crypto.getRandomValues(new Uint8Array(1))[0] % 16).toString(16))
  const stored = (name, value) => {
    try {
      if (value == null) return localStorage[name]
      if (value) localStorage[name] = value
      else delete localStorage[name]
    } catch {}
  }

  const UNSENT = "vibe_unsent " + site, own = UNSENT + uuid()
  let batches = [], fails = 0, tokens = 100, engaged = 0, view = {}
  let who, said, timer, place

  const answer = () => stored("vibe_consent") ?? said
  const silent = () => answer() === "no"
    || navigator.globalPrivacyControl && !/gpc/.test(ignore) || navigator.doNotTrack == 1 && !/dnt/.test(ignore)
  const waiting = () => document.prerendering || consent != null && answer() !== "yes"
  const keeps = () => cookieless == null && !silent() && !waiting()

  const recall = () => {
    if (keeps()) stored("vibe_visitor", who.id = stored("vibe_visitor") || who.id)
  }
  const meet = () => {
    who = { id: cookieless == null ? uuid() : "cookieless" }
    recall()
  }

  const address = () => hash == null ? location.href.split("#")[0]
    : location.href.replace(/\/?(\?.*?)?#!?\/?(.*)/, "/$2$1")

  const add = (item) => {
    if (silent()) return {}
    const text = JSON.stringify({ time: Date.now(), url: address(), ...item })
    if (!tokens) throw "more than 10 a second"
    tokens--
    let batch = batches.at(-1)
    if (batch?.who !== who || batch.busy != null || batch.chars + text.length > 15000) {
      batch = { who, items: [], chars: 0 }
      batches = [...batches, batch].slice(-40)
    }
    batch.chars += text.length
    timer ??= setTimeout(flush, 150)
    return batch.items[batch.items.push(JSON.parse(text)) - 1] // the page may change its own
  }

  // Items keep their ids until the server has answered.
  const send = async (batch) => {
    const body = JSON.stringify({ site, sent_at: Date.now(), visitor: batch.who.id, items: batch.items })
    const tries = fails
    let done, wait
    batch.busy = true
    try {
      // Text needs no preflight, keepalive has 64 kB
      const answer = await fetch(new URL("track", script.src),
        { method: "POST", body, keepalive: body.length < 20000 })
      done = answer.status < 500 && answer.status !== 429
      wait = answer.headers.get("retry-after") * 1000
      const { error, errors = [error] } = await answer.json()
      for (const problem of errors) console.warn("vibe:", problem)
    } catch {}
    batch.busy = false
    fails = done ? 0 : tries + 1
    if (done) batches = batches.filter((other) => other !== batch)
    if (!batches[0]) stored(own, "")
    clearTimeout(timer)
    timer = setTimeout(flush, fails ? (wait || Math.min(2 ** fails * 350, 60000)) * (1 + Math.random()) : 150)
  }

  const flush = (leaving) => {
    timer = clearTimeout(timer)
    nameView()
    if (waiting()) return
    if (silent()) batches = []
    // Only the oldest knocks where the server is away.
    batches.filter((batch, at) => !batch.busy && (leaving || !fails || !at)).forEach(send)
  }

  const leave = () => {
    if (engaged) beat({ url: null })
    flush(true)
    if (keeps() && (fails || !navigator.onLine))
      stored(own, JSON.stringify(batches.map((batch) => ({ ...batch, busy: false }))))
  }

  // Routers set titles late.
  const nameView = () => {
    view.title = document.title
    view = {}
  }

  const look = quietly((again) => {
    const key = address()
    if (key === place && !again) return
    nameView()
    view = add({ type: "page_view", id: uuid(), referrer: place ?? document.referrer })
    place = view.id && key
  })

  const beat = quietly((more) => {
    if (fails || waiting()) return // of now
    add({ type: "heartbeat", properties: { engaged }, ...more })
    engaged = 0
  })

  const start = quietly(() => {
    for (const name of ["pushState", "replaceState"]) {
      const original = history[name]
      history[name] = function (...given) {
        const result = original.apply(this, given)
        look()
        return result
      }
    }
    recall()
    look()
    addEventListener("popstate", () => look())
    addEventListener("pageshow", (event) => event.persisted && look(true))
    addEventListener("online", () => flush())
    addEventListener("pagehide", leave)
    addEventListener("visibilitychange", () => document.hidden ? leave() : beat())
    setInterval(() => document.hidden || beat(), 30000)
    setInterval(() => {
      engaged += !document.hidden && document.hasFocus()
      tokens = Math.min(100, tokens + 10)
    }, 1000)
    if (keeps()) for (const name in localStorage) if (name.startsWith(UNSENT)) {
      batches.unshift(...JSON.parse(stored(name)))
      stored(name, "")
    }
  })

  meet()
  if (document.prerendering) document.addEventListener("prerenderingchange", start)
  else start()

  const track = (name, properties) => add({ type: "event", id: uuid(), name, properties })
  Object.assign(window, {
    vibeTrack: Object.assign(quietly(track), { version: 1 }),
    vibeIdentify: quietly((id, traits) => {
      if (id == null) return stored("vibe_visitor", ""), meet()
      if (cookieless != null) who = { id: uuid() }
      add({ type: "identify", id: uuid(), user_id: `${id}`, traits })
    }),
    vibeConsent: quietly((yes) => {
      stored("vibe_consent", said = yes ? "yes" : "no")
      if (!yes) {
        meet()
        for (const name in localStorage) if (/^vibe_[uv]/.test(name)) stored(name, "")
      }
      recall()
      look()
      flush()
    }),
  })
  for (const [door, ...given] of window.vibeQueue ?? []) window[door](...given)
})())((act) => (...given) => {
  try { act(...given) } catch (error) { console.warn("vibe:", error) }
})
