"""Which tables there are over runs, and how DuckDB makes their rows from the lines of trajectories."""

from __future__ import annotations

from toolgym.patterns import ALIASES

_CHECKS = "STRUCT(what VARCHAR, met BOOLEAN, note VARCHAR)[]"
_USAGE = "STRUCT(calls BIGINT, input_tokens BIGINT, output_tokens BIGINT, cost_usd DOUBLE)"
LINE = {
    "format": "BIGINT",
    "domain": "VARCHAR",
    "data": "VARCHAR",
    "split": "VARCHAR",
    "task_id": "VARCHAR",
    "task_key": "VARCHAR",
    "trial": "BIGINT",
    "agent": "VARCHAR",
    "user": "VARCHAR",
    "seed": "HUGEINT",
    "history": "BIGINT",
    "messages": "STRUCT(role VARCHAR, content VARCHAR, tool_call_id VARCHAR, requestor VARCHAR, error BOOLEAN, "
    "tokens BIGINT, reasoning VARCHAR, tool_calls STRUCT(name VARCHAR, arguments JSON, id VARCHAR, requestor VARCHAR, "
    "problem VARCHAR, raw VARCHAR)[])[]",
    "termination": "VARCHAR",
    "fault": "STRUCT(source VARCHAR, reason VARCHAR)",
    "grade": "STRUCT(reward DOUBLE, success BOOLEAN, db_match BOOLEAN, components MAP(VARCHAR, DOUBLE), "
    f"actions {_CHECKS}, env_assertions {_CHECKS}, communicate {_CHECKS}, nl_assertions {_CHECKS})",
    "rewards": "MAP(VARCHAR, MAP(VARCHAR, DOUBLE))",
    "usage": f"STRUCT(assistant {_USAGE}, user {_USAGE}, judge {_USAGE})",
    "injected": "STRUCT(pattern VARCHAR, message BIGINT, recovered BOOLEAN)[]",
}
"""What is read of a trajectory's line; see :class:`~toolgym.trajectory.Trajectory`."""


def _current(column: str) -> str:
    """The name that a pattern has now, as SQL."""
    cases = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in ALIASES.items())
    return f"CASE {column} {cases} ELSE {column} END"


_USED = ", ".join(
    f"usage.{who}.{name} AS {who}_{column}"
    for who in ("assistant", "user", "judge")
    for name, column in (
        ("calls", "requests"),
        ("input_tokens", "input_tokens"),
        ("output_tokens", "output_tokens"),
        ("cost_usd", "cost_usd"),
    )
)
_EACH_CHECK = " UNION ALL ".join(
    f"SELECT run, episode, '{kind}' AS kind, generate_subscripts(grade.{name}, 1) - 1 AS position, "
    f"unnest(grade.{name}, recursive := true), line FROM raw"
    for kind, name in (
        ("action", "actions"),
        ("env_assertion", "env_assertions"),
        ("communicate", "communicate"),
        ("nl_assertion", "nl_assertions"),
    )
)

TABLES = {
    # A step is what max_steps counts: a message of a side, or a batch of results; the opening is none.
    "episodes": f"""
SELECT run, episode, domain, coalesce(data, 'toolgym') AS data, coalesce(split, '') AS split, task_id, task_key,
    coalesce(trial, 0) AS trial, coalesce(agent, '') AS agent, coalesce(raw."user", '') AS "user", seed, termination,
    CASE WHEN fault IS NULL THEN grade.success END AS success, grade.reward AS reward,
    fault.source AS fault_source, fault.reason AS fault_reason, grade.db_match AS db_match,
    coalesce(grade.components, MAP {{}}) AS components,
    coalesce(len(list_filter(map_values(grade.components), lambda one: one IS NULL)) > 0, false) AS not_judged,
    len(messages) AS messages,
    len(list_filter(messages[greatest(coalesce(history, 0), 1) + 1:], lambda one: one.role <> 'tool'))
        + len(list_filter(messages[greatest(coalesce(history, 0), 1) + 1:], lambda one: len(one.tool_calls) > 0))
        AS steps,
    coalesce(list_sum(list_transform(messages, lambda one: len(one.tool_calls))), 0)::BIGINT AS calls,
    len(list_filter(messages, lambda one: one.role = 'tool' AND one.error)) AS errors,
    {_USED},
    coalesce(list_transform(injected, lambda one: {_current("one.pattern")}), []) AS patterns,
    make_timestamp((timings.started * 1000000)::BIGINT) AS started, timings.seconds AS seconds, line
FROM raw LEFT JOIN timings USING (episode) ORDER BY line
""",
    "messages": """
SELECT run, episode, position, one.role AS role, one.content AS content,
    CASE WHEN one.role = 'tool' THEN coalesce(one.requestor, 'assistant') END AS requestor,
    coalesce(one.error, false) AS error, coalesce(len(one.tool_calls), 0) AS calls, one.tokens AS tokens,
    one.reasoning AS reasoning, position < history AS history, line
FROM (
    SELECT run, episode, coalesce(history, 0) AS history, generate_subscripts(messages, 1) - 1 AS position,
        unnest(messages) AS one, line
    FROM raw
)
""",
    # A call is repeated as an episode counts it: the same side, tool and arguments, and no call since that changed the
    # state. What a tool does is the domain's to say, and whether the state changed is taken from it: a call succeeded
    # whose tool changes the state.
    "calls": """
WITH said AS (
    SELECT run, episode, domain, coalesce(history, 0) AS history, generate_subscripts(messages, 1) AS place,
        unnest(messages) AS one, line
    FROM raw
), made AS (
    SELECT run, episode, domain, place <= history AS history, place, line,
        generate_subscripts(one.tool_calls, 1) AS number, unnest(one.tool_calls) AS call
    FROM said WHERE len(one.tool_calls) > 0
), answered AS (
    SELECT made.*, result.one.content AS result, result.one.error AS error, result.line IS NOT NULL AS answered,
        CASE WHEN call.problem IS NULL THEN list_sort(map_entries(coalesce(call.arguments, '{}')::MAP(VARCHAR, JSON)))
            ::VARCHAR ELSE coalesce(call.raw, '') END AS given,
        tools.effect AS effect, coalesce(tools.repeatable, false) AS repeatable,
        made.domain IN (SELECT domain FROM tools) AS known,
        coalesce(tools.mutates AND answered AND NOT coalesce(error, false), false)::INTEGER AS change
    FROM made
    LEFT JOIN said AS result ON result.line = made.line AND result.place = made.place + made.number
        AND result.one.role = 'tool' AND coalesce(result.one.tool_call_id, '') = coalesce(call.id, '')
    LEFT JOIN tools ON tools.domain = made.domain AND tools.name = call.name
), counted AS (
    SELECT *, sum(change) OVER (PARTITION BY line, history ORDER BY place, number) AS changes FROM answered
)
SELECT run, episode, place - 1 AS position, number - 1 AS number, coalesce(call.requestor, 'assistant') AS requestor,
    call.name AS name, coalesce(call.arguments, '{}') AS arguments, effect, call.problem AS problem,
    CASE WHEN answered THEN coalesce(error, false) END AS error, result,
    CASE WHEN known THEN NOT repeatable AND coalesce(changes - change = lag(changes) OVER (
        PARTITION BY line, history, call.requestor, call.name, given ORDER BY place, number), false) END AS repeated,
    line
FROM counted ORDER BY line, position, number
""",
    "rewards": """
SELECT run, episode, side, paid.key AS term, paid.value AS amount, line FROM (
    SELECT run, episode, one.key AS side, unnest(map_entries(one.value)) AS paid, line
    FROM (SELECT run, episode, unnest(map_entries(rewards)) AS one, line FROM raw)
)
""",
    "checks": f"SELECT run, episode, kind, position, what, met, coalesce(note, '') AS note, line FROM ({_EACH_CHECK})",
    "injected": f"""
SELECT * REPLACE ({_current("pattern")} AS pattern) FROM (
    SELECT run, episode, generate_subscripts(injected, 1) - 1 AS position, unnest(injected, recursive := true), line
    FROM raw
)
""",
}
"""Each table by name: how its rows come from the lines. The column ``line`` stays in ``episodes`` alone."""
