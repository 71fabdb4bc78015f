/*
 * Credit: a session of two streams with one reader that may never read (spec/session.md, Windows).
 * Holds: no more is under way or unread than the windows allow (SE-50, SE-62), an announced limit rises by a quarter of a window at least and never
 * over a window above what was sent (SE-51), and a stream whose reader reads is not held up by the other's (SE-125), so that when nothing
 * moves any more all of its items were read; a side that dies ends it.
 * Bugs: ON_READ, TOO_EARLY, OVER_LIMIT, FORGETS.
 */
#define WINDOW 4
#define QUARTER 1
#define ITEMS 9
/* What is given back to the session for what is not read yet, at most. */
#define AHEAD 8

mtype = { data, credit }
/* An item: its stream. A credit: 2 is the session's, else the stream's; and the limit. */
chan forth = [8] of { mtype, byte };
chan back = [8] of { mtype, byte, byte };
byte sent[2], sum, limit[2], whole;
byte came[2], read[2], given[2], given_whole, total;
bool dead;

active proctype sender() {
  byte which, to; mtype is;
  limit[0] = WINDOW; limit[1] = WINDOW; whole = WINDOW;
end:
  do
  :: atomic { !dead && sent[0] < ITEMS && nfull(forth) && sent[0] < limit[0] &&
#ifdef OVER_LIMIT
     sum <= whole ->
#else
     sum < whole ->
#endif
     sent[0]++; sum++; forth!data, 0 }
  :: atomic { !dead && sent[1] < ITEMS && nfull(forth) && sent[1] < limit[1] && sum < whole -> sent[1]++; sum++; forth!data, 1 }
  :: atomic { !dead && nempty(back) -> back?is, which, to;
     if
     :: which == 2 -> assert(to >= whole + QUARTER && to <= sum + WINDOW); whole = to
     :: else -> assert(to >= limit[which] + QUARTER && to <= sent[which] + WINDOW); limit[which] = to
     fi }
  od
}

/* Half of the window is free again: it is announced. */
#define due(free, announced) (free + WINDOW - announced >= WINDOW / 2)

active proctype receiver() {
  byte which; mtype is;
  byte freed;
  given[0] = WINDOW; given[1] = WINDOW; given_whole = WINDOW;
end:
  do
  :: atomic { !dead && nempty(forth) -> forth?is, which;
     came[which]++; total++;
     assert(came[which] <= given[which] && total <= given_whole);
     /* SE-125: as it comes, while that is within bounds. */
#ifndef ON_READ
     if :: total - read[0] - read[1] <= AHEAD -> freed++ :: else fi
#endif
     }
  /* The reader of stream 1 reads; that of stream 0 reads or never does. */
  :: atomic { !dead && read[1] < came[1] -> read[1]++;
#ifdef ON_READ
     freed++
#endif
     }
  :: atomic { !dead && read[0] < came[0] && read[0] < 1 -> read[0]++;
#ifdef ON_READ
     freed++
#endif
     }
  :: atomic { !dead && nfull(back) && freed + WINDOW > given_whole && due(freed, given_whole) ->
#ifdef TOO_EARLY
     given_whole = freed + WINDOW + 2;
#else
     given_whole = freed + WINDOW;
#endif
     back!credit, 2, given_whole }
#ifndef FORGETS
  :: atomic { !dead && nfull(back) && due(read[1], given[1]) && read[1] + WINDOW > given[1] ->
     given[1] = read[1] + WINDOW; back!credit, 1, given[1] }
#endif
  :: atomic { !dead && nfull(back) && due(read[0], given[0]) && read[0] + WINDOW > given[0] ->
     given[0] = read[0] + WINDOW; back!credit, 0, given[0] }
  od
}

active proctype death() {
  if :: dead = true :: true fi
}

active proctype quiet() {
end:
  timeout -> assert(dead || read[1] == ITEMS)
}
