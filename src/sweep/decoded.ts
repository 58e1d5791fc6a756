import type { LoadedDataConverter, Payload } from '@temporalio/common'

/** The value in a payload of a raw answer of Temporal, read with the worker's own codecs and converter. */
export async function decoded(
  { payloadCodecs, payloadConverter }: LoadedDataConverter,
  payload: Payload | null | undefined,
): Promise<unknown> {
  let payloads = payload ? [payload] : []
  for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads)
  return payloads[0] && payloadConverter.fromPayload<unknown>(payloads[0])
}
