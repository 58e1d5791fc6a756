import type { ServerConfig } from '../langgraph/server.ts'

/** Where LangSmith shows runs, and LangGraph Studio threads. */
export interface LangSmithPages {
  /** A tracing project: `https://smith.langchain.com/o/ORGANIZATION/projects/p/PROJECT`. */
  readonly projectUrl?: string
  /** `https://smith.langchain.com/studio` */
  readonly studioUrl?: string
}

/** What a link may name; the assistant is not known of every run. */
export interface Linked {
  readonly deployment: string
  readonly threadId: string
  readonly runId: string
  readonly assistantId?: string | undefined
}

export type Links = (run: Linked) => readonly string[]

const placeholder = /\{(\w+)\}/g
/** What stands in a `linkTemplate` between braces. */
export const placeholders = ['threadId', 'runId', 'assistantId'] as const

/** The pages about a run: that of its deployment's `linkTemplate`, and those of LangSmith. None holds a key. */
export function linksTo(servers: readonly ServerConfig[], { projectUrl, studioUrl }: LangSmithPages = {}): Links {
  const byName = new Map(servers.map((server) => [server.name, server]))
  return (run) => {
    const server = byName.get(run.deployment)
    if (!server) return []
    const { url, linkTemplate } = server
    return [
      linkTemplate === undefined ? undefined : filled(linkTemplate, run),
      projectUrl === undefined ? undefined : `${trimmed(projectUrl)}/r/${encoded(run.runId)}`,
      studioUrl === undefined
        ? undefined
        : `${trimmed(studioUrl)}/thread/${encoded(run.threadId)}?baseUrl=${encoded(trimmed(url))}`,
    ].filter((link) => link !== undefined)
  }
}

/** @returns `undefined` if it names what is not known */
function filled(template: string, run: Linked): string | undefined {
  const values = new Map<string, string | undefined>(placeholders.map((name) => [name, run[name]]))
  const isKnown = [...template.matchAll(placeholder)].every(([, name = '']) => values.get(name) !== undefined)
  return isKnown ? template.replaceAll(placeholder, (_, name: string) => encoded(values.get(name) ?? '')) : undefined
}

/** Also what markdown takes for the end of a link. Half of a character, which a caller may give, is none. */
function encoded(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\u{FFFD}')).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.codePointAt(0)?.toString(16)}`,
  )
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '')
}
