import { client, contract, generateIdentity, host, initiate, memoryPair, type Policy, serve, topic } from 'sotto'
import { z } from 'zod'

const Chat = contract('chat.v1', {
  said: topic(z.object({ text: z.string().max(500) }), { subject: '{room}.{author}', retain: true }),
})

const [house, alice, bob] = [generateIdentity(), generateIdentity(), generateIdentity()]

const policy: Policy = {
  version: 1,
  rules: [
    { id: 'listen', effect: 'allow', by: ['any'], verbs: ['subscribe'], on: ['chat.v1.said.*.*'] },
    // Nobody speaks in another's name.
    { id: 'speak', effect: 'allow', by: ['any'], verbs: ['publish'], on: ['chat.v1.said.*.{peer.id}'] },
    { id: 'staff', effect: 'deny', by: [bob.id], verbs: ['publish', 'subscribe'], on: ['chat.v1.said.staff.*'] },
  ],
}

const service = serve(Chat, {})
const chat = host({ identity: house, trust: [alice.id, bob.id], policy, serve: [service] })

const enter = async (identity: typeof alice) => {
  const [here, there] = memoryPair()
  void chat.accept(there)
  const session = await initiate(here, { identity, peer: house.id, use: [Chat] })
  return { session, said: client(session, Chat).said }
}

const [hers, his] = [await enter(alice), await enter(bob)]

// What was said last in each room, by each, is there for who comes later.
await hers.said.publish({ room: 'garden', author: alice.id }, { text: 'anybody here?' })
await hers.said.publish({ room: 'staff', author: alice.id }, { text: 'the safe is open' })

// Every room: those that a rule keeps from him are left out.
await using heard = his.said.subscribe()
for await (const { value, subject, from, retained } of heard) {
  console.log(
    `${subject.room}: ${value.text}${retained ? ' (earlier)' : ''}, from ${from === alice.id ? 'alice' : 'bob'}`,
  )
  if (value.text === 'bye') break
  await his.said.publish({ room: 'garden', author: bob.id }, { text: 'bye' })
}

// In another's name, it is refused there; who sent it learns of it.
await his.said.publish({ room: 'garden', author: alice.id }, { text: 'the safe is mine' })
for await (const { verb, address } of his.session.refusals) {
  console.log(`refused: ${verb} ${address.replace(alice.id, '(alice)')}`)
  break
}
await hers.session.close()
await his.session.close()
await chat.close()
