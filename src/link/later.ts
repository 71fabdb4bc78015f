/** Runs `act` in a task of its own, after what the present task still does. */
export const later: (act: () => void) => void =
  typeof setImmediate === 'function'
    ? (act) => {
        setImmediate(act)
      }
    : (act) => {
        setTimeout(act, 0)
      }
