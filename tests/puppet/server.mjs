// A real Wechaty puppet service (gRPC, token, event stream) with the mock puppet behind it, for tests of adapters/wechat.
//
//   node server.mjs PORT TOKEN [tls]        PORT 0: the system chooses
//
// The first line on stdout is {"port": N}. After that each line on stdin is a command ({"do": "say", ...}) and each line
// on stdout its answer. It ends with its stdin. Two things of the stock mock are replaced, because a real puppet has
// them: sending keeps the mentions and returns the id of the message, and a message can be recalled.

import readline from 'node:readline'

import { FileBox } from 'file-box'
import { grpc } from 'wechaty-grpc'
import { types } from 'wechaty-puppet'
import { mock, PuppetMock } from 'wechaty-puppet-mock'
import { PuppetServer } from 'wechaty-puppet-service'

const BOT = 'wxid_bot'
const [askedPort, token, tls] = process.argv.slice(2)

let port = 0
const bindAsync = grpc.Server.prototype.bindAsync
grpc.Server.prototype.bindAsync = function (address, credentials, done) {
  return bindAsync.call(this, address, credentials, (error, bound) => {
    port = bound
    done(error, bound)
  })
}

const posts = new Map()
const files = new Map()
const links = new Map()
let fault = ''
let counter = 0
let memberReads = 0
let starts = 0
let stops = 0

class Puppet extends PuppetMock {
  async onStart () {
    starts += 1
    await super.onStart()
    if (!this.isLoggedIn) setImmediate(() => this.login(BOT))
  }

  async onStop () {
    stops += 1
    await super.onStop()
  }

  async messageSendText (conversationId, text, mentionIdList = []) {
    const broken = fault
    fault = ''
    if (broken === 'known' || !this.isLoggedIn) throw new Error('not logged in')
    if (broken === 'permanent') throw new Error('refused: you are no member of this group')
    const id = `sent_${++counter}`
    posts.set(id, { id, conversationId, text, mentionIdList, at: Date.now() })
    echo(id, conversationId, text, mentionIdList)
    if (broken === 'unknown') throw new Error('message send timeout')
    if (broken === 'hang') return new Promise(() => {})
    return broken === 'no id' ? undefined : id
  }

  async messageRecall (id) {
    return posts.delete(id)
  }

  async roomMemberPayload (roomId, contactId) {
    memberReads += 1
    return super.roomMemberPayload(roomId, contactId)
  }

  async messageImage (id) {
    return this.messageFile(id)
  }

  async messageFile (id) {
    if (!files.has(id)) throw new Error('no file in this message')
    return FileBox.fromBuffer(Buffer.from(files.get(id), 'base64'), 'image.png')
  }

  async messageUrl (id) {
    return links.get(id)
  }
}

const mocker = new mock.Mocker()
const puppet = new Puppet({ mocker })
puppet.on('error', error => console.error(error))

function echo (id, conversationId, text, mentionIdList) {
  const place = conversationId.includes('@') ? { roomId: conversationId, mentionIdList } : { listenerId: conversationId }
  deliver({ id, talkerId: BOT, text, ...place })
}

function deliver (payload) {
  mocker.cacheMessagePayload.set(payload.id, { timestamp: Date.now(), type: 7, ...payload })
  puppet.emit('message', { messageId: payload.id })
}

function contact (id, name) {
  if (mocker.cacheContactPayload.has(id)) mocker.cacheContactPayload.get(id).name = name
  else mocker.createContact({ id, name })
}

function room (id, topic) {
  const memberIdList = [...mocker.cacheContactPayload.keys()]
  if (mocker.cacheRoomPayload.has(id)) Object.assign(mocker.cacheRoomPayload.get(id), { topic, memberIdList })
  else mocker.createRoom({ id, topic, memberIdList })
}

const commands = {
  say ({ id, from, room: roomId, text, mentions = [], type = 7, file, link, at }) {
    id ??= `msg_${++counter}_${Date.now()}`
    if (file !== undefined) files.set(id, file)
    if (link) links.set(id, link)
    const place = roomId ? { roomId, mentionIdList: mentions } : { listenerId: BOT }
    deliver({ id, talkerId: from, text, type, ...(at ? { timestamp: at } : {}), ...place })
    return { id }
  },
  again ({ id }) {
    puppet.emit('message', { messageId: id })
    return {}
  },
  contact ({ id, name }) {
    contact(id, name)
    puppet.dirtyPayload(types.Payload.Contact, id)
    return {}
  },
  room ({ id, topic }) {
    const oldTopic = mocker.cacheRoomPayload.get(id)?.topic
    room(id, topic)
    puppet.dirtyPayload(types.Payload.Room, id)
    puppet.emit('room-topic', { changerId: BOT, newTopic: topic, oldTopic, roomId: id, timestamp: Date.now() })
    return {}
  },
  fail ({ kind }) { fault = kind; return {} },
  posted () { return { posts: [...posts.values()] } },
  seen () { return { memberReads, starts, stops } },
  scan ({ qrcode, status = 2 }) { puppet.emit('scan', { qrcode, status }); return {} },
  login () { puppet.login(BOT); return {} },
  async logout () { await puppet.logout('test'); return {} },
  async reset () {
    posts.clear()
    fault = ''
    if (puppet.state.active() && !puppet.isLoggedIn) puppet.login(BOT)
    return {}
  },
}

contact(BOT, '群答')
contact('wxid_ann', 'Ann')
contact('wxid_bob', 'Bob')
room('1@chatroom', '群答用户群')
room('2@chatroom', '闲聊群')

const server = new PuppetServer({ endpoint: `127.0.0.1:${askedPort}`, puppet, tls: { disable: tls !== 'tls' }, token })
await server.start()
process.stdout.write(JSON.stringify({ port }) + '\n')

const lines = readline.createInterface({ input: process.stdin })
for await (const line of lines) {
  let answer
  try {
    const { do: name, ...rest } = JSON.parse(line)
    answer = await commands[name](rest)
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
process.exit(0)
