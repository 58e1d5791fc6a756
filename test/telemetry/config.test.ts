import { describe, expect, test } from 'vitest'
import { ConfigError, loadReceiverConfig, loadWorkerConfig } from '../../src/config.ts'

const env = { LANGGRAPH_API_URL: 'http://127.0.0.1:2024' }
const receiverEnv = { WEBHOOK_SECRET: 'x'.repeat(32) }

describe('the log', () => {
  test('is JSON from level info on, if stderr is no terminal', () => {
    expect(loadWorkerConfig(env).log).toEqual({ format: 'json', level: 'info' })
    expect(loadReceiverConfig(receiverEnv).log).toEqual({ format: 'json', level: 'info' })
  })

  test('is what LOG_FORMAT and LOG_LEVEL say', () => {
    const { log } = loadWorkerConfig({ ...env, LOG_FORMAT: 'text', LOG_LEVEL: 'DEBUG' })
    expect(log).toEqual({ format: 'text', level: 'debug' })
  })

  test('has words of its own', () => {
    expect(() => loadWorkerConfig({ ...env, LOG_FORMAT: 'yaml', LOG_LEVEL: 'loud' })).toThrow(
      'LOG_FORMAT must be json, text\n- LOG_LEVEL must be trace, debug, info, warn, error',
    )
  })
})

describe('METRICS_LISTEN', () => {
  test('is off by default', () => {
    expect(loadWorkerConfig(env)).not.toHaveProperty('metricsListen')
    expect(loadReceiverConfig(receiverEnv)).not.toHaveProperty('metricsListen')
  })

  test.each([
    ['127.0.0.1:9464', '127.0.0.1', 9464],
    [':9464', '0.0.0.0', 9464],
    ['localhost:1', '127.0.0.1', 1],
    ['[::1]:65535', '::1', 65_535],
  ])('may be %s', (text, host, port) => {
    expect(loadWorkerConfig({ ...env, METRICS_LISTEN: text })).toMatchObject({ metricsListen: { host, port } })
    expect(loadReceiverConfig({ ...receiverEnv, METRICS_LISTEN: text })).toMatchObject({
      metricsListen: { host, port },
    })
  })

  test.each(['9464', 'metrics.example.com:9464', '127.0.0.1:0', '127.0.0.1:65536', '::1:9464', '127.0.0.1:'])(
    'may not be %s',
    (text) => {
      expect(() => loadWorkerConfig({ ...env, METRICS_LISTEN: text })).toThrow(ConfigError)
    },
  )
})
