-- What happened, written with the change itself. A row is done when its event was handled, wherever else it may be kept.
CREATE TABLE outbox (
  -- Drawn while the entity is locked: in one entity's rows the order of ids is the order of commits. Between entities it is not.
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Known outside; unlike ids, never the same in two databases.
  event_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  entity text NOT NULL,
  event jsonb NOT NULL,
  request_id text NOT NULL,
  traceparent text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The incarnation of the stream that was given the row; another one was never given it.
  published_to text,
  handled_at timestamptz,
  refusals integer NOT NULL DEFAULT 0,
  dead_at timestamptz,
  dead_reason text,
  CHECK ((dead_at IS NULL) = (dead_reason IS NULL)),
  CHECK (handled_at IS NULL OR dead_at IS NULL)
);

CREATE INDEX outbox_waiting ON outbox (id) WHERE handled_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_waiting_by_entity ON outbox (entity, id) WHERE handled_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (id) WHERE dead_at IS NOT NULL;
CREATE INDEX outbox_handled ON outbox (handled_at) WHERE handled_at IS NOT NULL;
