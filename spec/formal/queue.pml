/*
 * One message of a durable queue and two consumers, with leases that run out, consumers that die and a service that is killed
 * (spec/broker.md, spec/queues.md). What is not on the disk is lost with the service.
 * Holds: what was acknowledged to its consumer is never handed out again (BR-17, BR-40); never two leases at a time (BR-14); no more hand-outs than
 * `maxDeliveries` (BR-22); what was stored and never acknowledged is waiting, leased or dead, not gone; a receipt of an old lease does nothing (BR-24).
 * Bugs: ACK_BEFORE_SYNC, OLD_RECEIPT, TWO_LEASES, NO_ATTEMPT, LOSES_ON_LAPSE.
 */
#define MOST 3

mtype = { absent, waiting, leased, dead, gone }
/* In memory, and on the disk. */
mtype state = waiting, disk = waiting;
byte attempts, disk_attempts;
/* The lease that lasts, by number; 0 for none. Leases that are not over, as a service sees them. */
byte lease, holder, number;
bool acked;
bool up = true;
byte kills, holding;

/* The stage that the disk has: a lease is stored before it is handed out (BR-42). */
inline store() { disk = state; disk_attempts = attempts }

inline back() {
#ifdef LOSES_ON_LAPSE
  state = gone;
#else
  if
#ifdef NO_ATTEMPT
  :: state = waiting; attempts--
#else
  :: attempts >= MOST -> state = dead
  :: attempts < MOST -> state = waiting
#endif
  fi;
#endif
  lease = 0; holder = 0;
  store()
}

proctype consumer(byte me) {
  byte mine, born; bool asked;
end:
  do
  /* It is handed the message. */
#ifdef TWO_LEASES
  :: atomic { up && (state == waiting || state == leased) && mine == 0 && number < 5 ->
#else
  :: atomic { up && state == waiting && mine == 0 && number < 5 ->
#endif
     assert(!acked);
     assert(holder == 0);
     state = leased; attempts++; number++; lease = number; holder = me; mine = number; born = kills;
     assert(attempts <= MOST);
     assert(number <= MOST + kills);
     store() }
  /* ack, in two steps: the service stores it, then says so. */
  :: atomic { up && mine > 0 && !asked && born == kills ->
#ifdef OLD_RECEIPT
     if :: state == leased -> assert(holder == me); state = gone; lease = 0; holder = 0; asked = true
#else
     if :: lease == mine -> assert(holder == me); state = gone; lease = 0; holder = 0; asked = true
#endif
     :: else -> mine = 0
     fi }
#ifdef ACK_BEFORE_SYNC
  :: atomic { up && asked && born == kills -> acked = true; asked = false; mine = 0 }
  :: atomic { up && state == gone && disk != gone -> store() }
#else
  :: atomic { up && asked && born == kills -> assert(state == gone); store(); acked = true; asked = false; mine = 0 }
#endif
  /* The service is killed before it answered: the consumer knows nothing. */
  :: atomic { mine > 0 && born != kills -> mine = 0; asked = false }
  /* The consumer dies: what it holds comes again at once. */
  :: atomic { up && mine > 0 && !asked && born == kills -> if :: lease == mine -> back() :: else fi; mine = 0 }
  :: state == dead || state == gone -> break
  od
}

active proctype service() {
end:
  do
  /* A lease runs out. */
  :: atomic { up && lease > 0 -> back() }
  /* kill -9, or a loss of power; then it is opened again (BR-43). */
  :: atomic { up && kills < 2 -> up = false; kills++ }
  :: atomic { !up ->
     state = disk; attempts = disk_attempts; lease = 0; holder = 0;
     if :: state == leased -> if :: attempts >= MOST -> state = dead :: else -> state = waiting fi; store() :: else fi;
     assert(!acked || state == gone);
     up = true }
  :: up && (state == dead || state == gone) -> break
  od
}

active proctype quiet() {
end:
  timeout ->
    assert(state == gone || state == dead || state == waiting);
    assert(acked || disk != gone)
}

init { atomic { run consumer(1); run consumer(2) } }
