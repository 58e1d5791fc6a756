import { watchesEndedMetric } from '../domain/contract.ts'

/** The metrics of this application, beside Temporal's own. Dashboards and alert rules rely on the names. */
export const metricNames = {
  polls: 'lg_polls',
  pollDuration: 'lg_poll_duration_seconds',
  watchesEnded: watchesEndedMetric,
  detectionLag: 'lg_detection_lag_seconds',
  openWatches: 'lg_open_watches',
  oldestHumanWait: 'lg_oldest_human_wait_seconds',
  sweepAge: 'lg_sweep_age_seconds',
  sweepDuration: 'lg_sweep_duration_seconds',
  creations: 'lg_creations',
  webhooks: 'lg_webhooks',
} as const

const upTo10 = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 6, 10]

/**
 * `histogramBucketOverrides` for the metrics exporter of a Temporal runtime. Without them Temporal's own buckets apply, which
 * end at 10.
 */
export const histogramBuckets: Readonly<Record<string, number[]>> = {
  [metricNames.pollDuration]: upTo10,
  [metricNames.sweepDuration]: [...upTo10, 30, 60],
  [metricNames.detectionLag]: [0.25, 0.5, 1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 660],
}
