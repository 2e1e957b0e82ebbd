"""Evaluation: suites of questions, a runner that survives a kill, and the scorers of the known benchmarks.

    suites, world_suites     where questions come from: a JSONL file, a data pack, a world of ours
    runner, journal          ask them one by one, a row each on the disk
    metrics                  the scorers by name; mme, pope, nlvr, ... are pure functions, one module a family
    report                   the table, with bootstrap intervals
    judge                    one answer against another, by a model that is asked in both orders

Whoever answers is a callable that is handed in (see `runner.Answerer`): nothing here knows the agent.
"""
