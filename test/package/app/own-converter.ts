// A user's own data converter: JSON under an encoding of its own, so that only who has it can read the payloads.
import { CompositePayloadConverter, UndefinedPayloadConverter } from '@temporalio/common'
import type { Payload, PayloadConverterWithEncoding } from '@temporalio/common'

const encoder = new TextEncoder()

class OwnJson implements PayloadConverterWithEncoding {
  readonly encodingType = 'json/own'

  toPayload(value: unknown): Payload | undefined {
    if (value === undefined) return undefined
    return { metadata: { encoding: encoder.encode(this.encodingType) }, data: encoder.encode(JSON.stringify(value)) }
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Temporal's signature
  fromPayload<T>({ data }: Payload): T {
    return JSON.parse(new TextDecoder().decode(data ?? new Uint8Array()))
  }
}

export const payloadConverter = new CompositePayloadConverter(new UndefinedPayloadConverter(), new OwnJson())
