/*
 * One stream: each direction ends by itself, by the word of either end, or with its side (spec/session.md, Exchanges and Streams).
 * C began it, S serves it. Holds: nothing comes that its receiver would call malformed (SE-35, SE-36, SE-37, SE-39, SE-123); an end forgets the exchange
 * only when both directions are over, and nothing but a late STOP or CREDIT comes for it then (SE-45); what was ended clean was read whole;
 * when nothing moves any more and neither side has died, the exchange is over at both.
 * Bugs: ITEM_AFTER_END, FAULT_AFTER_END, STOP_TWICE, RESET_AFTER_END, FORGETS_EARLY.
 */
#define ITEMS 2

mtype = { item, last, reset, stop, fault }
chan up = [4] of { mtype, byte };
chan down = [4] of { mtype, byte };
bool dead;

/* Of each end: its direction has ended, the peer's has, its STOP has gone, the peer's has come. */
bool c_sent, c_got, c_stopping, c_stopped, c_gave_up;
bool s_sent, s_got, s_stopping, s_stopped, s_refused;
byte c_items, s_items, c_read, s_read;

#define c_over (c_sent && c_got)
#define s_over (s_sent && s_got)

active proctype C() {
  mtype is; byte n;
end:
  do
  :: atomic { !dead && !c_sent && !c_gave_up && c_items < ITEMS && nfull(up) -> c_items++; up!item, 0 }
  :: atomic { !dead && !c_sent && nfull(up) -> c_sent = true; up!last, c_items
#ifdef ITEM_AFTER_END
     ; if :: nfull(up) -> up!item, 0 :: else fi
#endif
     }
  /* SE-57: given up, with RESET if its direction has not ended, and STOP if something can still come. */
  :: atomic { !dead && !c_gave_up && !c_over && len(up) < 3 ->
     c_gave_up = true;
     if :: !c_sent -> c_sent = true; up!reset, c_items :: else fi;
     if :: !c_got && !c_stopping -> c_stopping = true; up!stop, 0 :: else fi }
#ifdef STOP_TWICE
  :: atomic { !dead && c_stopping && !c_got && nfull(up) -> up!stop, 0 }
#endif
  :: atomic { nempty(down) && !dead -> down?is, n;
     if
     :: is == item -> assert(!c_got); c_read++
     :: is == last -> assert(!c_got); c_got = true; assert(c_read == n)
     :: is == fault -> assert(!c_got); c_got = true;
        /* A FAULT for a message that is not ended is answered with RESET. */
        if :: !c_sent -> c_sent = true; up!reset, c_items :: else fi
     /* SE-123 */
     :: is == stop -> assert(!c_stopped); c_stopped = true;
        assert(!c_got);
#ifdef RESET_AFTER_END
        c_sent = true; up!reset, c_items
#else
        if :: !c_sent -> c_sent = true; up!reset, c_items :: else fi
#endif
     fi }
  od
}

active proctype S() {
  mtype is; byte n;
end:
  do
  :: atomic { !dead && !s_sent && !s_stopped && s_items < ITEMS && nfull(down) -> s_items++; down!item, 0 }
  :: atomic { !dead && !s_sent && !s_stopped && nfull(down) -> s_sent = true; down!last, s_items }
  /* A handler fails, or the policy refuses: the last word is a FAULT. */
  :: atomic { !dead && !s_sent && nfull(down) -> s_sent = true; s_refused = true; down!fault, 0 }
#ifdef FAULT_AFTER_END
  :: atomic { !dead && s_sent && !s_refused && nfull(down) -> s_refused = true; down!fault, 0 }
#endif
  /* SE-123: no more of what comes up, before its own last word. */
  :: atomic { !dead && !s_sent && !s_got && !s_stopping && nfull(down) -> s_stopping = true; down!stop, 0 }
  :: atomic { nempty(up) && !dead -> up?is, n;
     if
     :: is == item ->
#ifdef FORGETS_EARLY
        assert(!s_got && !s_sent);
#else
        assert(!s_got);
#endif
        s_read++
     :: is == last -> assert(!s_got); s_got = true; assert(s_read == n)
     :: is == reset -> assert(!s_got); s_got = true; assert(s_read <= n)
     /* SE-37: once, from the one that began it; without effect on a past one. */
     :: is == stop -> assert(!s_stopped); s_stopped = true;
        if :: !s_sent -> s_sent = true; down!fault, 0 :: else fi
     fi }
  od
}

/* A side dies, or the transport: both ends hear of it, and the exchange is lost. */
active proctype death() {
  if :: dead = true :: true fi
}

/* C ends its direction in the end if its program does; S its own. Nobody waits for the other without end. */
active proctype quiet() {
end:
  timeout -> assert(dead || (c_over && s_over))
}
