import type { PayloadCodec } from '@temporalio/common'
import type { PayloadReport } from '../domain/diagnosis.ts'

/** How a worker or a client writes payloads, told by its codecs: ours name the ids of their keys. */
export function reportOn(codecs: readonly PayloadCodec[]): PayloadReport {
  const ids = codecs.map(keyIdsOf)
  return { key_ids: ids.flatMap((known) => known ?? []), own_codecs: ids.includes(undefined) }
}

/** By its shape, since the module of `DATA_CONVERTER` may have another copy of this package. */
function keyIdsOf(codec: PayloadCodec): readonly string[] | undefined {
  const ids: unknown = Reflect.get(codec, 'keyIds')
  return Array.isArray(ids) ? ids.map(String) : undefined
}
