/*
 * Closing a session with calls both ways, a transport that may be cut and a side that may die at any time (spec/session.md, Closing).
 * Holds: an end reports a clean end only if the other sent END 0 (SE-41, SE-43); what was surely not run did not run (SE-66, SE-59);
 * nothing is sent after the own END (SE-67); every call has one outcome, and when nothing moves any more both ends are over.
 * Bugs: CUT_IS_CLEAN, DRAIN_LIES, TAKES_ABOVE_LAST, END_EARLY_IS_NO.
 */
#define CALLS 2

mtype = { begin, reply, drain, fin }
/* The table's states of an established session. */
/* table: STATES */
#define S_open 0
#define S_ending 1
#define S_closed 2
#define S_dead 3

inline takes(at) {
  if
  :: at == S_open
  :: at == S_ending
  :: else -> assert(false)
  fi
}
/* end of table */

typedef Side {
  byte state;
  /* Calls begun, and what became of each: 0 open, 1 answered, 2 surely not run, 3 may have run. */
  byte begun;
  byte outcome[3];
  /* Of the peer's calls: the last one taken, dispatched, answered. */
  byte seen, ran, answered;
  bool drained, draining;
  byte last;
  bool late;
}
Side side[2];
chan pipe[2] = [6] of { mtype, byte };
bool cut, ended[2];

/* SE-59: what has no outcome gets one: what was sent may have run. */
inline over(me, to) {
  side[me].state = to;
  k = 1;
  do
  :: k <= side[me].begun -> if :: side[me].outcome[k] == 0 -> side[me].outcome[k] = 3 :: else fi; k++
  :: else -> break
  od
}

inline finish(me) {
  assert(!ended[me]);
  ended[me] = true;
  pipe[me]!fin, 0
}


proctype peer(byte me) {
  mtype is; byte arg, k;
end:
  do
  /* A call, while nothing closes. */
  :: atomic { side[me].state == S_open && side[me].begun < CALLS && nfull(pipe[me]) &&
     !side[me].draining && !side[me].drained ->
     side[me].begun++; assert(!ended[me]); pipe[me]!begin, side[me].begun }
  /* A handler answers. */
  :: atomic { side[me].state == S_open && side[me].answered < side[me].ran && nfull(pipe[me]) ->
     side[me].answered++; pipe[me]!reply, side[me].answered }
  /* SE-42: DRAIN once, with the last that was taken. */
  :: atomic { side[me].state == S_open && !side[me].drained && nfull(pipe[me]) ->
     side[me].drained = true; side[me].last = side[me].seen;
#ifdef DRAIN_LIES
     pipe[me]!drain, 0 }
#else
     pipe[me]!drain, side[me].seen }
#endif
  /* END when nothing is open, or when the deadline passes: at any time. */
  :: atomic { side[me].state == S_open && side[me].drained && nfull(pipe[me]) -> finish(me);
#ifdef END_EARLY_IS_NO
     k = 1; do :: k <= side[me].begun -> if :: side[me].outcome[k] == 0 -> side[me].outcome[k] = 2 :: else fi; k++ :: else -> break od;
#endif
     side[me].state = S_ending }
  /* SE-42: the peer's END is waited for 1 s at most. */
  :: atomic { side[me].state == S_ending -> over(me, S_dead) }
  /* The side dies, or aborts: the transport closes. */
  :: atomic { (side[me].state == S_open || side[me].state == S_ending) && !cut -> cut = true; over(me, S_dead) }
  :: atomic { (side[me].state == S_open || side[me].state == S_ending) && nempty(pipe[1 - me]) ->
     pipe[1 - me]?is, arg;
     takes(side[me].state);
     if
     :: is == begin ->
        if
        /* SE-58: above `last` it is not dispatched; SE-67: nor after the own END. */
#ifdef TAKES_ABOVE_LAST
        :: side[me].state == S_open ->
#else
        :: side[me].state == S_open && !(side[me].drained && arg > side[me].last) ->
#endif
           side[me].seen = arg; side[me].ran = arg
        :: else -> side[me].late = true
        fi
     :: is == reply -> if :: side[me].outcome[arg] == 0 -> side[me].outcome[arg] = 1 :: else -> assert(side[me].outcome[arg] != 1) fi
     :: is == drain ->
        assert(!side[me].draining && arg <= side[me].begun);
        side[me].draining = true;
        /* SE-66 */
        k = arg + 1;
        do :: k <= side[me].begun -> assert(side[me].outcome[k] != 1); side[me].outcome[k] = 2; k++ :: else -> break od
     :: is == fin ->
        if :: side[me].state == S_open && !cut -> if :: !ended[me] -> ended[me] = true; if :: nfull(pipe[me]) -> pipe[me]!fin, 0 :: full(pipe[me]) fi :: else fi :: else fi;
        assert(ended[1 - me]);
        over(me, S_closed)
     fi }
  /* SE-43 */
  :: atomic { (side[me].state == S_open || side[me].state == S_ending) && cut && empty(pipe[1 - me]) ->
#ifdef CUT_IS_CLEAN
     assert(ended[1 - me]); over(me, S_closed) }
#else
     over(me, S_dead) }
#endif
  :: side[me].state == S_closed || side[me].state == S_dead -> break
  od
}

/* When nothing moves any more. */
active proctype quiet() {
  byte me, k;
end:
  timeout ->
    do
    :: me < 2 ->
       /* A session that nobody closes stays open; one that closes ends. */
       assert(side[me].state >= S_closed || (!side[0].drained && !side[1].drained && !cut));
       k = 1;
       do
       :: k <= side[me].begun ->
          if
          :: side[me].state >= S_closed ->
             assert(side[me].outcome[k] != 0);
             assert(side[me].outcome[k] != 2 || k > side[1 - me].ran);
             assert(side[me].outcome[k] != 1 || k <= side[1 - me].ran)
          :: else
          fi;
          k++
       :: else -> break
       od;
       me++
    :: else -> break
    od
}

init { atomic { run peer(0); run peer(1) } }
