import type { LoadedDataConverter, Payload } from '@temporalio/common'

/** The value in a payload of a raw answer of Temporal, read with the worker's own codecs; `undefined` if they cannot read it. */
export async function decoded(
  { payloadCodecs, payloadConverter }: LoadedDataConverter,
  payload: Payload | null | undefined,
): Promise<unknown> {
  let payloads = payload ? [payload] : []
  try {
    for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads)
    return payloads[0] && payloadConverter.fromPayload<unknown>(payloads[0])
  } catch {
    // A workflow of somebody else may have written it, or a worker with another key.
    return undefined
  }
}
