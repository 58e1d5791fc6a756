/** A text as it is read after some decoding, and where each of its characters stands in the text that was sent. */
export interface Reading {
  readonly text: string
  readonly from: readonly number[]
  readonly to: readonly number[]
}

/** JSON within JSON within a URL is the most that anybody has seen. */
const mostDecodings = 3
/** Each alone, since a text may be one of them and hold what looks like another. */
const decoders: readonly { readonly escape: RegExp; readonly meaning: (match: RegExpExecArray) => string }[] = [
  { escape: /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(.))/gis, meaning: ofBackslash },
  { escape: /(?:%[0-9a-f]{2})+/gi, meaning: ([run]) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8') },
  { escape: /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(quot|amp|lt|gt|apos));/gi, meaning: ofEntity },
]
const named: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'" }

/** The text as it is, and with its escapes of JSON or Python, URLs and HTML taken away, in any order. */
export function readings(text: string): Reading[] {
  const positions = Array.from({ length: text.length }, (_, at) => at)
  const all: Reading[] = [{ text, from: positions, to: positions.map((at) => at + 1) }]
  for (let times = 0, begin = 0; times < mostDecodings; times += 1) {
    const last = all.slice(begin)
    begin = all.length
    for (const reading of last) {
      for (const decoder of decoders) {
        const next = unescaped(reading, decoder)
        if (next && all.every((known) => known.text !== next.text)) all.push(next)
      }
    }
  }
  return all
}

function unescaped({ text, from, to }: Reading, { escape, meaning }: (typeof decoders)[number]): Reading | undefined {
  const next = { text: '', from: Array<number>(), to: Array<number>() }
  const take = (meant: string, fromOf: (unit: number) => number, toOf: (unit: number) => number) => {
    next.text += meant
    for (let unit = 0; unit < meant.length; unit += 1) {
      next.from.push(from[fromOf(unit)] ?? 0)
      next.to.push(to[toOf(unit)] ?? 0)
    }
  }
  let copied = 0
  for (const match of text.matchAll(escape)) {
    const begin = copied
    const end = match.index + match[0].length
    take(
      text.slice(begin, match.index),
      (unit) => begin + unit,
      (unit) => begin + unit,
    )
    // Each character of an escaped run of a URL stands for the whole run, so that more is hidden than has to be.
    take(
      meaning(match),
      () => match.index,
      () => end - 1,
    )
    copied = end
  }
  if (copied === 0) return undefined
  take(
    text.slice(copied),
    (unit) => copied + unit,
    (unit) => copied + unit,
  )
  return next
}

function ofBackslash([, unit, byte, plain = '']: RegExpExecArray): string {
  const code = unit ?? byte
  return code === undefined ? plain : String.fromCharCode(Number.parseInt(code, 16))
}

function ofEntity([, decimal, hex, name = '']: RegExpExecArray): string {
  if (decimal === undefined && hex === undefined) return named[name.toLowerCase()] ?? ''
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : '\uFFFD'
}
