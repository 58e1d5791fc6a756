import { noopMetricMeter } from '@temporalio/common'
import type { MetricCounter, MetricGauge, MetricHistogram, MetricMeter } from '@temporalio/common'
import { Runtime } from '@temporalio/worker'
import { metricNames as names } from './metric-names.ts'

/** The metrics that a worker's activities write. */
export interface Metrics {
  readonly polls: MetricCounter
  readonly pollDuration: MetricHistogram
  readonly detectionLag: MetricHistogram
  readonly creations: MetricCounter
  readonly openWatches: MetricGauge
  readonly oldestHumanWait: MetricGauge
  readonly sweepAge: MetricGauge
  readonly sweepDuration: MetricHistogram
}

/** The metrics of the process's Temporal runtime. @returns `undefined` if it exports none: then nothing is measured */
export type FindMetrics = () => Metrics | undefined

/** Looked up when it is needed, since a runtime may end with its last worker, and another one follow. */
export function runtimeMetrics(): FindMetrics {
  let known: { readonly meter: MetricMeter; readonly metrics: Metrics | undefined } | undefined
  return () => {
    const meter = Runtime.instance().metricMeter
    if (known?.meter !== meter) known = { meter, metrics: meter === noopMetricMeter ? undefined : metricsOf(meter) }
    return known.metrics
  }
}

function metricsOf(meter: MetricMeter): Metrics {
  return {
    polls: meter.createCounter(names.polls, '', 'Polls of watches'),
    pollDuration: meter.createHistogram(names.pollDuration, 'float', '', 'How long a poll took'),
    detectionLag: meter.createHistogram(
      names.detectionLag,
      'float',
      '',
      'From the end of a run, by the clock of LangGraph, to the poll that saw it, by the clock of the worker',
    ),
    creations: meter.createCounter(names.creations, '', 'Tries to create a run'),
    openWatches: meter.createGauge(names.openWatches, 'float', '', 'Open watches, counted once a minute'),
    oldestHumanWait: meter.createGauge(names.oldestHumanWait, 'float', '', 'How long the run waits that waits longest'),
    sweepAge: meter.createGauge(names.sweepAge, 'float', '', 'Since the sweep has last seen all threads'),
    sweepDuration: meter.createHistogram(names.sweepDuration, 'float', '', 'How long a look of the sweep took'),
  }
}
