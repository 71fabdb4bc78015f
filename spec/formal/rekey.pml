/*
 * REKEY 0 in one direction of a session, with the loss of the transport (spec/channel.md).
 * Holds: no key seals more than its number of records (CH-7), no (key, nonce) comes twice (CH-4), each record is opened with the key and
 * the nonce it was sealed with (CH-6), and only the END of the sender makes a clean end (SE-43).
 * Bugs: SAME_RECORD, NO_REKEY, NONCE_BACK, CUT_IS_CLEAN.
 */
#define MOST 3
#define RECORDS 9

/* A record: its key, its nonce, whether it ends with REKEY 0, and with END. */
chan wire = [3] of { byte, byte, bool, bool };
bool cut, ended, clean, torn;
byte used;
bool pairs[100];

active proctype sender() {
  byte key, n, sealed;
  bool rekeys, ends;
  do
  :: sealed < RECORDS && !ended && !cut ->
     atomic {
       rekeys = false; ends = false;
       if
       :: ends = true
       :: rekeys = true
       :: true
       fi;
#ifndef NO_REKEY
       /* CH-7: the last record of a key ends with REKEY 0, unless it is END. */
       if :: used == MOST - 1 && !ends -> rekeys = true :: else fi;
#endif
       if :: ends -> rekeys = false :: else fi;
#ifdef SAME_RECORD
       if :: rekeys -> key++; used = 0 :: else fi;
#endif
       assert(used < MOST);
       assert(!pairs[key * 10 + n]);
       pairs[key * 10 + n] = true;
       ended = ends
     };
     if
     :: atomic { !cut && nfull(wire) -> wire!key, n, rekeys, ends }
     :: cut -> break
     fi;
     atomic {
       sealed++; used++;
       n++;
#ifdef NONCE_BACK
       if :: rekeys && sealed == 5 -> n = 0 :: else fi;
#endif
#ifndef SAME_RECORD
       if :: rekeys -> key++; used = 0 :: else fi
#endif
     }
  :: ended || sealed == RECORDS || cut -> break
  od
}

active proctype receiver() {
  byte key, n, its_key, its_n;
  bool rekeys, ends;
end:
  do
  :: atomic {
       !clean && nempty(wire) -> wire?its_key, its_n, rekeys, ends;
       assert(its_key == key && its_n == n);
       n++;
       if :: rekeys -> key++ :: else fi;
       clean = ends
     }
  :: !clean && cut && empty(wire) ->
#ifdef CUT_IS_CLEAN
     clean = true; assert(ended); break
#else
     torn = true; break
#endif
  :: clean -> assert(ended); break
  od
}

/* The transport is at its end, whenever that is; what is in it is lost or not. */
active proctype loss() {
  byte key, n; bool rekeys, ends;
  if
  :: cut = true
  :: atomic { cut = true; if :: wire?key, n, rekeys, ends :: empty(wire) fi; do :: wire?key, n, rekeys, ends :: empty(wire) -> break od }
  :: true
  fi
}
