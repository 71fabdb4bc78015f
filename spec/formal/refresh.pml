/*
 * A refresh between I and R, with REKEY 0, END and the death of a side crossing it (spec/channel.md, Refresh).
 * Holds: no end is told of an event that its table does not have (CH-25); every record is opened with the key it was
 * sealed with (CH-6, CH-28); when nothing moves any more, every refresh that was begun is over at both ends, or the session is.
 * Bugs: NO_CROSSING, EARLY_KEY, TWO_ASKS, LATE_OLD.
 */
#define RUNS 2

mtype = { data, rekey0, ask, one, two, three, rekey1, fin }
mtype = { ask_, message_, due_, switch_, switched_ }

/* A record: what it holds, and the key that seals it: the run, and the steps since. */
chan ir = [3] of { mtype, byte, byte };
chan ri = [3] of { mtype, byte, byte };

/* table: REFRESHES */
#define I_idle 0
#define I_asked 1
#define I_started 2
#define I_begun 3
#define I_owing 4
#define I_finished 5
#define R_idle 6
#define R_asked 7
#define R_answered 8
#define R_finished 9
#define R_owing 10

inline next(state, event) {
  if
  :: state == I_idle && event == ask_ -> state = I_asked
  :: state == I_idle && event == due_ -> state = I_started
  :: state == I_asked && event == due_ -> state = I_begun
#ifndef NO_CROSSING
  :: state == I_started && event == ask_ -> state = I_begun
#endif
  :: state == I_started && event == message_ -> state = I_owing
  :: state == I_begun && event == message_ -> state = I_owing
  :: state == I_owing && event == switched_ -> state = I_finished
  :: state == I_finished && event == switch_ -> state = I_idle
  :: state == R_idle && event == due_ -> state = R_asked
  :: state == R_idle && event == message_ -> state = R_answered
  :: state == R_asked && event == message_ -> state = R_answered
  :: state == R_answered && event == message_ -> state = R_finished
  :: state == R_finished && event == switch_ -> state = R_owing
  :: state == R_owing && event == switched_ -> state = R_idle
  :: else -> assert(false)
  fi
}
/* end of table */

byte i = I_idle, r = R_idle;
byte i_run, i_step, i_peer_run, i_peer_step;
byte r_run, r_step, r_peer_run, r_peer_step;
byte begun, steps_i, steps_r;
bool i_ended, r_ended, i_gone, r_gone;

#define opens(gen, step, peer_run, peer_step) assert(gen == peer_run && step == peer_step)

active proctype I() {
  mtype is; byte gen, step;
end:
  do
  /* The own timer, or what the ask has made due. */
  :: (i == I_idle || i == I_asked) && !i_ended && begun < RUNS && nfull(ir) ->
     atomic { begun++; next(i, due_); ir!one, i_run, i_step }
  :: !i_ended && !i_gone && i != I_owing && nfull(ir) && steps_i < 2 ->
     atomic { steps_i++; ir!rekey0, i_run, i_step; i_step++ }
  :: !i_ended && !i_gone && i != I_owing && nfull(ir) && steps_i < 2 ->
     atomic { steps_i++; ir!data, i_run, i_step }
  /* CH-28: message 3 and REKEY 1 in one record. */
  :: i == I_owing && !i_ended && nfull(ir) ->
     atomic {
       ir!three, i_run, i_step; next(i, switched_);
#ifdef LATE_OLD
       if :: nfull(ir) -> ir!data, i_run, i_step :: else fi;
#endif
       i_run++; i_step = 0
     }
  :: !i_ended && nfull(ir) -> atomic { i_ended = true; ir!fin, i_run, i_step }
  :: ri?is, gen, step ->
     atomic {
       if
       :: i_gone -> skip
       :: else ->
          opens(gen, step, i_peer_run, i_peer_step);
          if
          :: is == rekey0 -> i_peer_step++
          /* CH-32: after the own END a message is taken and not answered. */
          :: is == ask -> if :: i_ended :: else -> next(i, ask_) fi
          :: is == two -> if :: i_ended :: else -> next(i, message_) fi
          :: is == rekey1 -> next(i, switch_); i_peer_run++; i_peer_step = 0
          :: is == fin -> i_gone = true
          :: else
          fi
       fi
     }
  :: i_ended && i_gone -> break
  od
}

active proctype R() {
  mtype is; byte gen, step;
  bool asked;
end:
  do
#ifdef TWO_ASKS
  :: (r == R_idle || r == R_asked) && !r_ended && !r_gone && begun < RUNS && nfull(ri) && !asked ->
     atomic { if :: r == R_idle -> r = R_asked :: else -> asked = true fi; ri!ask, r_run, r_step }
#else
  :: r == R_idle && !r_ended && !r_gone && begun < RUNS && nfull(ri) -> atomic { next(r, due_); ri!ask, r_run, r_step }
#endif
  :: !r_ended && !r_gone && r != R_owing && nfull(ri) && steps_r < 2 ->
     atomic { steps_r++; ri!rekey0, r_run, r_step; r_step++ }
  /* CH-28: the next record ends with REKEY 1, unless it is END. */
  :: r == R_owing && !r_ended && nfull(ri) ->
     atomic { ri!rekey1, r_run, r_step; next(r, switched_); r_run++; r_step = 0 }
  :: !r_ended && nfull(ri) -> atomic { r_ended = true; ri!fin, r_run, r_step }
  :: ir?is, gen, step ->
     atomic {
       if
       :: r_gone -> skip
       :: else ->
          opens(gen, step, r_peer_run, r_peer_step);
          if
          :: is == rekey0 -> r_peer_step++
          :: is == one ->
             if
             :: r_ended
             :: else -> next(r, message_); ri!two, r_run, r_step
             fi
          :: is == three ->
             /* CH-32: the key is gone over to though nothing is answered. */
             if :: r == R_answered -> next(r, message_); next(r, switch_) :: else -> assert(r_ended) fi;
             r_peer_run++; r_peer_step = 0
#ifdef EARLY_KEY
             ; r_run++; r_step = 0
#endif
          :: is == fin -> r_gone = true
          :: else
          fi
       fi
     }
  :: r_ended && r_gone -> break
  od
}

/* When nothing moves any more: no refresh hangs in a session that is open. An ask that came too late for the timer waits on. */
active proctype quiet() {
end:
  timeout ->
    assert(i_ended || r_ended || ((i == I_idle || i == I_asked) && (r == R_idle || r == R_asked)))
}
