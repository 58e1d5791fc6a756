/** What an input leaves out. The texts are in the table of inputs in docs/reference.md. */
export const defaultDeployment = 'default'
export const defaultTaskQueue = 'langgraph-runs'
/** Quick for short runs, frugal for long ones: 1 s, 1.5 s, 2.25 s … 10 s. */
export const defaultPollInterval = { initialInterval: '1s', backoffCoefficient: 1.5, maximumInterval: '10s' } as const
export const defaultMaxPollTime = '10m'
export const defaultRetrievalTimeout = '30s'
export const defaultSweepInterval = '2s'
export const defaultHumanTimeout = '7 days'
export const defaultRetry = { initialInterval: '10s', backoffCoefficient: 2, maximumInterval: '5m' } as const
export const mostAttempts = 100
/** Of a run that somebody continues by hand: once more, and soon. */
export const retryOnce = { maximumAttempts: 2, initialInterval: '1s' } as const

/** The fallback order. A new strategy is one activity, one word here, one row in `src/workflows/retrieve-in-order.ts`. */
export const retrievalStrategies = ['stream_values', 'thread_state', 'join_stream'] as const
export type RetrievalStrategy = (typeof retrievalStrategies)[number]

/** A request to create a run that got no answer may arrive for so long: before that nobody looks for its run. */
export const creationTimeoutMs = 6000
/** For Temporal to say that it still waits for a try, and from there until the request goes out. */
export const confirmationTimeoutMs = 2000

/** So many requests of a watch, or to a deployment, in a row without an answer are an outage. */
export const outageAfter = 3

const KB = 1024
/** SQL databases keep no more of a search attribute of type Keyword. */
export const maxAttributeBytes = 255
/** Temporal payloads end at 2 MB: a larger result stays in LangGraph and the outcome names where. */
export const maxResultBytes = 1.5 * KB * KB
/** With a result store: what is larger is kept there. */
export const defaultStoreAboveBytes = KB * KB
/** As much as is read of one answer of LangGraph, and what encryption adds. */
export const maxStoredBytes = 64 * KB * KB + KB
export const maxErrorBytes = 4 * KB
export const maxNotificationBytes = 64 * KB
export const maxReasonBytes = KB
/** Of a run that is due later: 365 days. */
export const longestDelaySeconds = 31_536_000
/** At continue-as-new the input shares 2 MB with the watch's memory. */
export const maxExecuteRunInputBytes = KB * KB
/** They travel with the request, and with the watch's memory beside the questions. */
export const maxAnswersBytes = 512 * KB
export const maxInterruptsBytes = 256 * KB
