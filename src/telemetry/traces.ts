import type * as OpenTelemetry from '@opentelemetry/api'
import type { WorkflowClientInterceptor } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import type { Payload } from '@temporalio/common'
import type { ActivityInboundCallsInterceptor, ActivityInterceptorsFactory } from '@temporalio/worker'
import { ConfigError } from '../config.ts'
import { traceHeader } from '../domain/contract.ts'
import { isRecord } from '../domain/json.ts'
import { missingPackage } from '../missing-package.ts'
import { attributesOf } from './trace-attributes.ts'
import { withoutWords } from './without-words.ts'

type Api = typeof OpenTelemetry

/** How this application takes part in traces. */
export interface Traces {
  /** What a client starts, signals or updates is a span, which the workflow's activities belong to. */
  readonly client: WorkflowClientInterceptor
  /** Each activity of a workflow that was started with a trace is a span of it. */
  readonly activity: ActivityInterceptorsFactory
  /** Of a request within such an activity: the server may continue the trace. */
  readonly requestHeaders: () => Readonly<Record<string, string>>
}

/** A starter's `baggage` may hold anything, so it stays here. */
const forwarded = ['traceparent', 'tracestate']

/**
 * Traces by the OpenTelemetry SDK of this process, whichever is registered. Loads `@opentelemetry/api` and Temporal's
 * interceptors.
 *
 * @throws ConfigError if one of them is not installed
 */
export async function openTelemetryTraces(): Promise<Traces> {
  const [api, { OpenTelemetryActivityInboundInterceptor }, { OpenTelemetryWorkflowClientInterceptor }] =
    await orNotInstalled(() =>
      Promise.all([
        import('@opentelemetry/api'),
        import('@temporalio/interceptors-opentelemetry/lib/worker/index.js'),
        import('@temporalio/interceptors-opentelemetry/lib/client/index.js'),
      ]),
    )
  return {
    client: clientInterceptor(api, new OpenTelemetryWorkflowClientInterceptor()),
    activity: (context) => ({
      inbound: activityInterceptor(api, new OpenTelemetryActivityInboundInterceptor(context), context.info.activityId),
    }),
    requestHeaders: () => {
      const carrier: Record<string, string> = {}
      api.propagation.inject(api.context.active(), carrier)
      return Object.fromEntries(Object.entries(carrier).filter(([name]) => forwarded.includes(name)))
    },
  }
}

const packages =
  '@opentelemetry/api@1.9 @opentelemetry/sdk-trace-node@2 @opentelemetry/resources@2 @opentelemetry/exporter-trace-otlp-http@0.223 @temporalio/interceptors-opentelemetry'

/** @throws ConfigError if what is loaded is not installed */
export async function orNotInstalled<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const missing = missingPackage(error)
    if (missing === undefined) throw error
    throw new ConfigError([
      `OTEL_EXPORTER_OTLP_ENDPOINT: traces need ${missing}, which is not installed: npm install ${packages}`,
    ])
  }
}

/** Without queries and descriptions, which the command line sends every second. */
function clientInterceptor({ trace }: Api, spans: WorkflowClientInterceptor): WorkflowClientInterceptor {
  return {
    startWithDetails: (input, next) =>
      spans.startWithDetails?.(input, (within) => {
        trace.getActiveSpan()?.setAttributes(attributesOf(within.options.args[0]))
        return next(within)
      }) ?? next(input),
    signalWithStart: (input, next) => spans.signalWithStart?.(input, next) ?? next(input),
    signal: (input, next) => spans.signal?.(input, next) ?? next(input),
    startUpdate: (input, next) => spans.startUpdate?.(input, next) ?? next(input),
    startUpdateWithStart: (input, next) => spans.startUpdateWithStart?.(input, next) ?? next(input),
    cancel: (input, next) => spans.cancel?.(input, next) ?? next(input),
    terminate: (input, next) => spans.terminate?.(input, next) ?? next(input),
  }
}

/**
 * A workflow that was started without a trace has no spans: each of its polls would be a trace of its own. An activity that
 * another plugin has traced already gets no second span.
 */
function activityInterceptor(
  { trace }: Api,
  spans: ActivityInboundCallsInterceptor,
  activityId: string,
): Required<Pick<ActivityInboundCallsInterceptor, 'execute'>> {
  const described: ActivityInboundCallsInterceptor['execute'] = async (input, next) => {
    const span = trace.getActiveSpan()
    const asked = attributesOf(input.args[0])
    span?.setAttributes(asked)
    const answer = await next(input)
    if (Object.keys(asked).length > 0) span?.setAttributes(attributesOf(answer))
    return answer
  }
  return {
    execute: async (input, next) => {
      if (!isReadable(input.headers[traceHeader])) return next(input)
      if (isOf(trace.getActiveSpan(), activityId)) return described(input, next)
      return spans.execute
        ? wordless(spans.execute.bind(spans), input, (within) => described(within, next))
        : next(input)
    },
  }
}

/** Any starter may send the header, and Temporal's interceptors throw at what they cannot read. */
function isReadable(header: Payload | undefined): boolean {
  try {
    return header !== undefined && isRecord(defaultPayloadConverter.fromPayload(header))
  } catch {
    return false
  }
}

type Execute = NonNullable<ActivityInboundCallsInterceptor['execute']>

/** The span gets the type of a failure, and Temporal the failure itself. */
async function wordless(
  within: Execute,
  input: Parameters<Execute>[0],
  next: Parameters<Execute>[1],
): ReturnType<Execute> {
  let failure: { readonly error: unknown } | undefined
  try {
    return await within(input, (traced) =>
      next(traced).catch((error: unknown) => {
        failure = { error }
        throw withoutWords(error)
      }),
    )
  } catch (error) {
    throw failure ? failure.error : error
  }
}

/** As Temporal's interceptors mark the span of an activity. */
function isOf(span: unknown, activityId: string): boolean {
  const attributes: unknown = Reflect.get(Object(span), 'attributes')
  return Reflect.get(Object(attributes), 'temporalActivityId') === activityId
}
