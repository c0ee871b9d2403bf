/**
 * What an event store has to do so that the application, and anybody else's client, cannot tell it
 * from EventStoreDB 24.6. Sentences of our own; every rule has at least one case in `cases/`, and
 * docs/reference/event-store-rules.md says which.
 */
const chapters = {
  'Connection and discovery': {
    'connect.direct': 'A client that names one host works with it directly.',
    'connect.gossip':
      'Gossip names the members: which one leads, that it is alive, its instance id, and the address clients reach it at.',
    'connect.discover':
      'A client that discovers finds the node, whichever kind of node it prefers.',
    'connect.features':
      'Server features name the version, and each method with the tags by which clients choose what to call.',
    'connect.anonymous': 'Server features and gossip answer without credentials.',
    'connect.credentials':
      'On an insecure port credentials are dropped, and nobody is asked for any.',
    'connect.headers': 'Headers that one node has no use for, such as requires-leader, do no harm.',
    'connect.keepalive': 'HTTP/2 pings are answered.',
    'connect.message-size':
      'A message of some megabytes is taken in, and what is wrong with it is judged by the rules.',
    'connect.http': 'On the same port HTTP/1.1 answers GET /ping and GET /health/live.',
    'connect.unimplemented': 'Services the node does not have answer UNIMPLEMENTED.',
  },
  Append: {
    'append.answer': 'The answer has the number of the last event written, and its position.',
    'append.position':
      'That position is the one at which the last event of the append is read; commit and prepare are equal.',
    'append.order': 'Events of one append stand next to each other, in their order.',
    'append.whole': 'An append is written whole or not at all.',
    'append.content': 'Id, type, data and metadata come back as they were given.',
    'append.content-type':
      'application/json is JSON to readers, any other content type is binary; the bytes are never looked at.',
    'append.created':
      'Each event carries the time it was written, and no time is before an earlier one.',
    'append.names': 'Names of streams and types may be any text.',
    'append.visible': 'Who has the answer sees the event.',
    'append.size':
      'The data of one append is at most 1,048,576 bytes; more is MaximumAppendSizeExceeded with that number.',
    'append.size-of-data': 'Metadata, types and names do not count.',
    'append.required': 'An event needs the properties type and content-type.',
    'append.stream-name': 'A stream needs a name.',
    'append.id-and-type': 'An event needs an id and a type that are not empty.',
    'append.all-denied': 'Nobody may write to $all.',
    'append.empty': 'An append of no events checks the expected revision and writes nothing.',
  },
  'Expected revision': {
    'expect.any': 'any writes whatever is there.',
    'expect.no-stream': 'no_stream writes to a stream that has no events.',
    'expect.stream-exists':
      'stream_exists writes to a stream that has events or metadata, and to no other.',
    'expect.exact': 'A number writes when it is that of the last event.',
    'expect.ahead': 'A number beyond the last event is a wrong expected version.',
    'expect.behind':
      'A number before the last event is a wrong expected version, unless it is a repeat.',
    'expect.new-stream': 'A new stream accepts any and no_stream only.',
    'expect.says': 'A wrong expected version says what was expected and what is there.',
    'expect.race': 'Of those who expect the same revision at once, one writes.',
  },
  Repeats: {
    'repeat.exact':
      'The same ids at the same expected number are answered like the first time, for ever.',
    'repeat.no-stream': 'So is a repeat with no_stream.',
    'repeat.any':
      'A repeat with any or stream_exists is known by its ids as long as the server remembers them.',
    'repeat.any-partly':
      'With any, a first id that is known and a later one that is not is a wrong expected version.',
    'repeat.any-new-first':
      'With any, a first id that is not known is a new write, whatever follows.',
    'repeat.first-differs': 'Another first event at that place is a wrong expected version.',
    'repeat.later-differs': 'So is another later event, or one more than there was.',
    'repeat.per-stream': 'The same id in another stream is another event.',
  },
  'Batch append': {
    'batch.one-reply': 'Every correlation id is answered exactly once, whatever became of it.',
    'batch.echo': 'An answer carries its correlation id in the form it was given, and its stream.',
    'batch.frames':
      'Events of one append may come in several frames, also between those of others.',
    'batch.unknown': 'Frames for a correlation id that was never begun are ignored.',
    'batch.late':
      'An append whose deadline has passed on arrival is answered Timeout; the rest of it is ignored.',
    'batch.incomplete': 'An append that is not complete at its deadline is answered Timeout.',
    'batch.limit': 'Whatever deadline a client gives, the server waits for two seconds at most.',
    'batch.status': 'A failure is a status with a detail that names its kind.',
    'batch.half-close': 'When the client has finished, the stream ends after the last answer.',
    'batch.abandoned': 'An append that is not complete when its client has finished is refused.',
    'batch.unreadable-id':
      'A correlation id that is none ends the stream, since nothing could be answered to it.',
    'batch.refused-early': 'What is refused by its header is answered before its events have come.',
  },
  'Classic append': {
    'classic.wrong-version':
      'A wrong expected version is an answer, not an error, also for clients of 20.6.',
    'classic.header': 'An append begins with its options, and has them once.',
    'classic.refused-early':
      'What is refused by its header is answered before its events have come.',
  },
  'Read a stream': {
    'read.from': 'A read begins at its revision, inclusive, in either direction.',
    'read.ends': 'It may begin at the start or at the end.',
    'read.beyond':
      'Backwards from beyond the end begins at the last event; forwards there is nothing.',
    'read.count': 'It ends after as many events as were asked for.',
    'read.long': 'A long stream comes whole and in order.',
    'read.missing':
      'A stream that has no events is not found, by its name; that is an answer, not an error.',
    'read.recorded':
      'An event says its stream, number and position, and its time in 100-nanosecond ticks since 1970.',
    'read.uuid': 'Ids come as text or as two numbers, as the reader asks; asking is required.',
    'read.request': 'A request that makes no sense is INVALID_ARGUMENT.',
    'read.early-end': 'A reader may stop early.',
  },
  'Read $all': {
    'all.not-empty': '$all is never empty: a node writes about itself first.',
    'all.positions': 'Positions increase in the order of the commits, over all streams.',
    'all.forwards': 'Forwards begins at its position, inclusive.',
    'all.backwards': 'Backwards begins before its position.',
    'all.ends': 'Nothing lies before the start or behind the end.',
    'all.count': 'It ends after as many events as were asked for.',
    'all.system': 'System events are visible.',
    'all.hidden': 'The bookkeeping of subscription groups to $all is not: it would feed on itself.',
    'all.deleted': 'Events of deleted streams stay, and the deletion stands there too.',
    'all.unlimited': 'The limits of a stream do not apply.',
    'all.filter': 'A read may be filtered like a subscription.',
  },
  Links: {
    'link.resolve':
      'With links resolved, a link event ("number@stream") comes with the event it points at.',
    'link.plain': 'Without, it comes as it is.',
    'link.dangling':
      'When its target is missing, truncated, deleted or too old, the link comes alone.',
    'link.no-link': 'What cannot be read as a link comes as a plain event.',
    'link.once': 'A link to a link is followed once.',
    'link.position': 'The position of a resolved event is that of its link.',
    'link.filter': 'Filters look at the link, not at its target.',
    'link.everywhere': 'Links resolve in reads and subscriptions of streams and of $all.',
  },
  'What of a stream is visible': {
    'limit.max-count': '$maxCount shows the newest so many.',
    'limit.truncate-before': '$tb hides what is before that number.',
    'limit.both': 'Of both, the stricter holds.',
    'limit.max-age': '$maxAge hides what is older than so many seconds.',
    'limit.empty': 'A stream whose events are all hidden is empty, not missing.',
    'limit.last': 'Limits do not change the number of the last event.',
    'limit.subscription': 'Limits hold for subscriptions that catch up.',
    'limit.ignored': '$maxCount and $maxAge of zero or less, and $tb below zero, limit nothing.',
    'limit.malformed': 'Metadata that is malformed in any of its known keys limits nothing at all.',
    'limit.large': 'Numbers up to the largest int64 are exact.',
  },
  'Subscribe to a stream': {
    'follow.confirmation': 'The first message confirms the subscription with an id.',
    'follow.start': 'It begins after its revision: the start, a number, or the end.',
    'follow.missing': 'The stream need not exist yet.',
    'follow.caught-up': 'It says when it has caught up, also when there was nothing to read.',
    'follow.live': 'What is written comes without being asked for.',
    'follow.whole':
      'Nothing is missed and nothing comes twice, also when subscribing amidst writes.',
    'follow.slow': 'A subscriber that is slow slows nobody else, and misses nothing.',
    'follow.tombstoned':
      'A tombstone is the last event; then, and from then on, the stream is deleted.',
    'follow.soft-deleted': 'A soft delete is not noticed: the stream may go on.',
    'follow.end': 'A subscriber may leave at any time.',
    'follow.no-checkpoint': 'Without a filter there are no checkpoints.',
  },
  'Subscribe to $all': {
    'follow-all.start': 'It begins after its position: the start, a position, or the end.',
    'follow-all.order': 'Events come in the order of their positions.',
    'follow-all.hidden': 'What reads of $all hide, subscriptions hide.',
    'filter.stream-prefix': 'A filter takes events whose stream begins with one of some prefixes.',
    'filter.stream-regex': 'Or whose stream matches a regular expression, anywhere in the name.',
    'filter.type-prefix': 'Or whose type begins with one of some prefixes.',
    'filter.type-regex': 'Or whose type matches a regular expression.',
    'filter.regex-wins': 'When both are given, the regular expression counts.',
    'filter.system':
      'The client\u2019s excludeSystemEvents() leaves out every type that begins with $.',
    'filter.invalid': 'A filter that is none is INVALID_ARGUMENT.',
    'filter.bounded':
      'An expression that goes on and on, or a filter that is too large, fails its own call.',
    'checkpoint.catch-up':
      'A filtered subscription says its position after each window times interval events it has considered.',
    'checkpoint.live': 'So it does live, whether anything matches or not.',
    'checkpoint.caught-up': 'And once when it has caught up.',
    'checkpoint.order': 'Checkpoints increase; none comes twice.',
    'checkpoint.resume': 'From a checkpoint nothing is missed and nothing repeated.',
  },
  'Delete and tombstone': {
    'delete.not-found': 'A deleted stream is not found, as if it had never been.',
    'delete.answer': 'The answer has the position of what was written.',
    'delete.expected': 'A delete checks the expected revision like an append of a new event.',
    'delete.nothing': 'A stream without events and metadata cannot be deleted.',
    'delete.metadata-only': 'One with metadata alone can.',
    'delete.again': 'A deleted stream can be deleted again, with any and with no_stream.',
    'delete.metadata': 'The metadata of a deleted stream is replaced by $tb at the largest int64.',
    'delete.stream-exists': 'For stream_exists a deleted stream is deleted.',
    'recreate.numbers':
      'Written to again, it goes on with the next number and shows only what is new.',
    'recreate.any-expected': 'It accepts any, no_stream and the number of its last event.',
    'recreate.metadata': 'Its metadata keeps its keys; $tb is the first new number.',
    'recreate.by-metadata': 'Setting metadata brings it back as well, empty.',
    'tombstone.final': 'A tombstoned stream cannot be read, written or deleted, ever.',
    'tombstone.event':
      'The tombstone is an event $streamDeleted with the largest int64 as its number.',
    'tombstone.unborn': 'A stream can be tombstoned before it has events.',
    'tombstone.expected': 'A tombstone checks the expected revision like an append of a new event.',
    'tombstone.metadata': 'With a stream its metadata is gone.',
    'tombstone.deleted': 'A deleted stream can still be tombstoned.',
  },
  Metadata: {
    'metadata.last': 'Metadata is what was last set; a stream without has none.',
    'metadata.keys': 'Every key comes back, also those the server does not know.',
    'metadata.expected': 'Setting it checks the revision of the metadata, not of the stream.',
    'metadata.stream':
      'It is an event $metadata in the stream $$ + name, of which the last is shown.',
    'metadata.before': 'It may be set before the stream has events.',
  },
  'TLS and users': {
    'secure.one-port': 'With TLS, too, gRPC and the pages of HTTP/1.1 share one port.',
    'secure.certificate':
      'A client trusts the certificate that its connection string names, and no other.',
    'secure.no-plain': 'A client without TLS does not get in.',
    'secure.discover': 'Gossip names a host that the certificate is for.',
    'secure.anonymous':
      'Server features, gossip and the pages answer without credentials; streams do not.',
    'secure.credentials':
      'Credentials come with the connection string or with a call, whatever characters they have.',
    'secure.bad-credentials':
      'A wrong password, an unknown user and a header that is no Basic are UNAUTHENTICATED, without trailers.',
    'secure.denied': 'Who may not is told PERMISSION_DENIED, with the exception access-denied.',
  },
  'Access lists': {
    'access.user-streams': 'A stream without a list is open to every user.',
    'access.system-streams': 'One whose name begins with $ is open to administrators only.',
    'access.all': 'So is reading $all, unless the metadata of $all says otherwise.',
    'access.admins': 'Administrators pass every list.',
    'access.never': 'Nobody may write to $all, or delete it or a metadata stream.',
    'access.list':
      'The $acl of a stream names for each right who holds it: users, groups, or $all.',
    'access.each-right': 'A right that a list leaves out is decided by the defaults.',
    'access.defaults': '$settings has lists for the streams that have none of their own.',
    'access.metadata':
      'Reading and setting metadata are rights of their own, by the list of the stream it belongs to.',
    'access.malformed': 'Metadata that is malformed has no list.',
    'access.batch': 'In a batch an append that is denied is answered so, and the others go on.',
    'access.header': 'What is denied is denied by its header, before its events have come.',
    'access.at-once': 'A list holds for everything that is asked after it was set.',
    'access.dropped': 'A subscription whose reader loses the right ends as access denied.',
    'access.operate':
      'Projections are for operators ($ops, $admins): who is none may not switch or look at them.',
    'access.links': 'A link is resolved for whoever may read the stream that it stands in.',
  },
  'Standard projections': {
    'projection.off': 'A node writes no links of its own before a projection is switched on.',
    'projection.category':
      '$by_category links every event into $ce-<category>: what is before the first dash of its stream; streams that begin with $ have none.',
    'projection.category-link': 'A link in a category is linked by its target.',
    'projection.type': '$by_event_type links every event into $et-<type>.',
    'projection.no-links-of-links': 'But no link.',
    'projection.streams': '$streams links the first event of each stream, of every kind.',
    'projection.correlation':
      '$by_correlation_id links events whose metadata has a $correlationId into $bc-<id>.',
    'projection.metadata':
      'A link says the id and the position of the event that caused it; one of a category also its stream.',
    'projection.deleted': 'The end of a stream is linked in its category with $deleted.',
    'projection.dangling': 'A link stays when its target goes.',
    'projection.in-all': 'Links are events of the log: $all has them, and filters see them.',
    'projection.live': 'They come to live subscribers.',
    'projection.disabled': 'One that is disabled writes no more; it stays so.',
    'projection.catch-up':
      'Enabled late or again, it goes on from where it was, without a gap or a repeat.',
    'projection.statistics': 'Statistics name each, whether it runs, and how far it is.',
    'projection.unknown': 'One that is not there is not found.',
    'projection.built-in': 'Those of users, and changing what is built in, are unimplemented.',
    'projection.restart': 'All of them may be started again at any time.',
  },
  'Errors and shutdown': {
    'error.trailers': 'Errors carry the trailers by which clients know their kind.',
    'error.ascii': 'Trailers are printable ASCII whatever the names in them.',
    'shutdown.streams': 'A node that goes down ends streams as cancelled.',
    'shutdown.single': 'And single calls as unavailable.',
    'shutdown.answers': 'What was being written is answered first.',
    'malformed.survives': 'A message that is no message fails its own call, and no other.',
    'malformed.ends':
      'It ends its call whatever else is under way there, so that nobody waits for an answer.',
  },
  Durability: {
    'durable.answered': 'What was answered is there after the process was killed.',
    'durable.repeat': 'So is what makes a repeat with an expected number harmless.',
    'durable.goes-on': 'Numbers and positions go on where they were.',
  },
} as const;

type Chapters = typeof chapters;
export type RuleId = {
  [Chapter in keyof Chapters]: keyof Chapters[Chapter];
}[keyof Chapters] &
  string;

export type Rule = { readonly id: string; readonly says: string };
export const rulebook: readonly { readonly chapter: string; readonly rules: readonly Rule[] }[] =
  Object.entries(chapters).map(([chapter, rules]) => ({
    chapter,
    rules: Object.entries(rules).map(([id, says]) => ({ id, says })),
  }));
