"""Compares two snapshots of oracle.py: {table: [{column: digest}]}, the rows in the order of their digests."""


def compared(earlier, now):
    """What was compared, and None or what is different."""
    what = f"all {sum(map(len, earlier.values()))} rows of {len(earlier)} tables say the same as before"
    problems = []
    for table in sorted(earlier.keys() | now.keys()):
        before, after = earlier.get(table, []), now.get(table, [])
        if len(before) != len(after):
            problems.append(f"{table} had {len(before)} rows and has {len(after)}")
        elif before != after:
            columns = [c for c in {**before[0], **after[0]} if of(before, c) != of(after, c)]
            problems.append(f"{table}, columns {', '.join(columns) or 'of other rows'}")
    return what, "changed: " + "; ".join(problems) if problems else None


def of(rows, column):
    return sorted(row.get(column, "") for row in rows)
