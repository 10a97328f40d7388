// Vibe tracker: <script async src="https://your.vibe/tracker.js" data-site="KEY"></script>
// It must never harm the page it lives in: nothing thrown, nothing blocked.
{
  const quietly = (act) => (...given) => {
    try { act(...given) } catch (error) { console.warn("vibe:", error) }
  }

  quietly(() => {
    const script = document.currentScript ?? document.querySelector("script[data-site]")
    const { site } = script.dataset
    if (!site) throw "the script tag needs data-site"
    if (window.vibeTrack?.version) return // embedded twice

    const endpoint = new URL("track", script.src)
    const HEARTBEAT = 30000 // ms; three without one and the visitor is offline
    const DELAY = 150 // ms to gather what happens together
    const LONGEST = 60000 // ms between two tries
    const MAX_ITEMS = 50, MAX_CHARS = 15000, MAX_BATCHES = 40

    const now = Date.now

    /** A version 7 uuid: ids made together lie together in the server's index. */
    const uuid = () => [now().toString(16).padStart(12, 0),
      ...Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => (byte + 256).toString(16).slice(1))]
      .join("").replace(/(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-7$3-8$4-")

    // Who: one id per browser, in memory where storage is forbidden.

    let visitor
    const meet = () => {
      visitor = uuid()
      try { localStorage.vibe_visitor = visitor } catch {}
    }
    try { visitor = localStorage.vibe_visitor } catch {}
    if (!/^[\w-]{8,64}$/.test(visitor ?? "")) meet()

    // Sending: a batch keeps its items and their ids until the server has answered for it.

    let batches = []
    let timer, view, key, url, fails = 0

    const add = (item) => {
      const text = JSON.stringify({ time: now(), url: location.href, ...item })
      let batch = batches.at(-1)
      if (!batch || batch.busy != null || batch.visitor !== visitor || batch.items.length >= MAX_ITEMS
        || batch.chars + text.length > MAX_CHARS) {
        batch = { visitor, items: [], chars: 0 }
        batches = [...batches, batch].slice(-MAX_BATCHES)
      }
      batch.chars += text.length
      timer ??= setTimeout(flush, DELAY)
      return batch.items[batch.items.push(JSON.parse(text)) - 1] // a copy: the page may change its own
    }

    const send = async (batch, leaving) => {
      const body = JSON.stringify({ site, sent_at: now(), visitor: batch.visitor, items: batch.items })
      const tries = fails // those that go together fail together, as one
      batch.busy = true // set once, the batch takes no new items
      let done
      try {
        // A string travels as text/plain, which needs no preflight; keepalive is limited to 64 kB.
        if (leaving && !("keepalive" in Request.prototype)) done = navigator.sendBeacon(endpoint, body)
        else {
          const answer = await fetch(endpoint,
            { method: "POST", body, keepalive: body.length < 20000, credentials: "omit" })
          done = answer.status < 500 && answer.status !== 429
          if (done) answer.json().then(({ errors }) => errors?.[0] && console.warn("vibe:", errors)).catch(() => {})
        }
      } catch {}
      batch.busy = false
      fails = done ? 0 : tries + 1
      if (done) batches = batches.filter((other) => other !== batch)
      if (batches.some((other) => !other.busy)) {
        clearTimeout(timer)
        timer = setTimeout(flush, fails ? Math.min(2 ** fails * 500, LONGEST) * (0.5 + Math.random()) : DELAY)
      }
    }

    /** While the server is away only the oldest batch knocks; on leaving everything goes. */
    const flush = (leaving) => {
      clearTimeout(timer)
      timer = undefined
      nameView()
      const idle = batches.filter((batch) => !batch.busy)
      for (const batch of fails && !leaving ? idle.slice(0, 1) : idle) send(batch, leaving)
    }

    // What: page views, heartbeats, events, identity.

    /** Routers set the title after the address, so a view gets its title as late as possible. */
    const nameView = () => {
      if (view) view.title = document.title
      view = undefined
    }

    const look = quietly((again) => {
      const place = location.pathname + location.search
      if (place === key && !again) return
      nameView()
      view = add({ type: "page_view", id: uuid(), referrer: key ? url : document.referrer })
      key = place
      url = location.href
    })

    const beat = quietly(() => {
      // Worth something only now: never behind a backlog.
      if (!document.hidden && !fails) add({ type: "heartbeat" })
    })

    const doors = {
      track: quietly((name, properties) => add({ type: "event", id: uuid(), name, properties })),
      /** `null` at sign-out: whoever comes next is somebody else. */
      identify: quietly((id, traits) =>
        id == null ? meet() : add({ type: "identify", id: uuid(), user_id: `${id}`, traits })),
    }

    // Start.

    for (const name of ["pushState", "replaceState"]) {
      const original = history[name]
      history[name] = function (...given) {
        original.apply(this, given)
        look()
      }
    }

    const start = quietly(() => {
      look()
      addEventListener("popstate", () => look())
      addEventListener("pageshow", (event) => event.persisted && look(true))
      addEventListener("pagehide", () => flush(true))
      document.addEventListener("visibilitychange", () => document.hidden ? flush(true) : beat())
      setInterval(beat, HEARTBEAT)
    })
    if (document.prerendering) document.addEventListener("prerenderingchange", start)
    else start()

    window.vibeTrack = Object.assign(doors.track, { version: 1 })
    window.vibeIdentify = doors.identify
    for (const [door, ...given] of window.vibeQueue ?? []) doors[door]?.(...given)
  })()
}
