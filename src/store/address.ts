import { fileURLToPath, pathToFileURL } from 'node:url'
import { messageOf, present } from '../domain/json.ts'

/** Where a result store is. */
export type StoreAddress =
  | {
      readonly kind: 'folder'
      /** `file:///folder`, which the urls of all its objects begin with. */
      readonly url: string
      readonly folder: string
    }
  | {
      readonly kind: 's3'
      /** `s3://bucket/prefix` without what only its workers need. */
      readonly url: string
      readonly bucket: string
      readonly prefix: string
      readonly endpoint?: string
      readonly region?: string
      readonly forcePathStyle: boolean
    }

const storeRule =
  'file:///absolute/folder, or s3://bucket/prefix with endpoint=…, region=… and forcePathStyle=true after "?" if they are needed'

/** @throws Error that completes "RESULT_STORE …", and repeats no value: it may hold a secret */
export function parseStoreUrl(text: unknown): StoreAddress {
  if (typeof text !== 'string' || !URL.canParse(text)) throw new Error(`must be ${storeRule}`)
  const url = new URL(text)
  if (url.username || url.password) {
    throw new Error(
      'holds credentials, which would show up in histories: give them to the AWS SDK, as AWS_ACCESS_KEY_ID',
    )
  }
  if (url.hash) throw new Error('must have no "#"')
  switch (url.protocol) {
    case 'file:':
      return folderAt(url)
    case 's3:':
      return bucketAt(url)
    default:
      throw new Error(`must be ${storeRule}`)
  }
}

function folderAt(url: URL): StoreAddress {
  if (url.host || url.search) throw new Error('must be file:///absolute/folder, without a host and without "?"')
  const folder = pathIn(url).replace(/[/\\]+$/, '')
  if (folder === '' || folder.includes('\0')) throw new Error('must name a folder below the root')
  return { kind: 'folder', url: pathToFileURL(folder).href, folder }
}

function pathIn(url: URL): string {
  try {
    return fileURLToPath(url)
  } catch (error) {
    throw new Error(`is not the path of a folder: ${messageOf(error)}`, { cause: error })
  }
}

const part = /^(?!\.+$)[\w.-]+$/
const options = ['endpoint', 'region', 'forcePathStyle']

function bucketAt({ host: bucket, pathname, searchParams }: URL): StoreAddress {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new Error('must name a bucket after s3://: 3 to 63 small letters, digits, "." and "-"')
  }
  const parts = pathname.split('/').filter(Boolean)
  if (!parts.every((name) => part.test(name))) {
    throw new Error('must have a prefix of letters, digits, ".", "_" and "-" alone')
  }
  for (const name of searchParams.keys()) {
    if (!options.includes(name)) throw new Error(`has an option that is unknown: allowed are ${options.join(', ')}`)
    if (searchParams.getAll(name).length > 1) throw new Error(`has "${name}" more than once`)
  }
  return {
    kind: 's3',
    url: ['s3:/', bucket, ...parts].join('/'),
    bucket,
    prefix: parts.map((name) => `${name}/`).join(''),
    forcePathStyle: isTrue(searchParams.get('forcePathStyle')),
    ...present({
      endpoint: endpointIn(searchParams.get('endpoint')),
      region: regionIn(searchParams.get('region')),
    }),
  }
}

function isTrue(text: string | null): boolean {
  if (text === null || text === 'false') return false
  if (text === 'true') return true
  throw new Error('"forcePathStyle" must be true or false')
}

function endpointIn(text: string | null): string | undefined {
  if (text === null) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url && ['http:', 'https:'].includes(url.protocol) && !url.search && !url.hash
  if (!isPlain) throw new Error('"endpoint" must be a URL that begins with http:// or https://, without "?" and "#"')
  if (url.username || url.password) throw new Error('"endpoint" holds credentials: give them to the AWS SDK')
  return text
}

function regionIn(text: string | null): string | undefined {
  if (text !== null && !/^[a-z0-9-]{1,50}$/.test(text)) throw new Error('"region" must be one, such as eu-central-1')
  return text ?? undefined
}
