create type vibe.funnel_chain as (
    user_id bigint,
    depth integer,
    step_times timestamptz[],
    held_value text,
    entry_value text
);
comment on type vibe.funnel_chain is
'what aggregate vibe.funnel_chains finds out about one user: the deepest step, when each step until there was taken, the value that all steps share (hold), and the value of the first event';
