-- How long readings took to reach each stage: n of them in a bucket of kernel.latency, by slots of `step` seconds.
CREATE TABLE fast.latency (
    step int NOT NULL,
    at timestamptz NOT NULL,
    stage text NOT NULL,
    bucket smallint NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (step, at, stage, bucket)
);
