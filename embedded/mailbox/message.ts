import PostalMime, { type Address, addressParser } from 'postal-mime';

export type MessageSummary = {
  id: string;
  /** Everybody it was delivered to, Bcc included. */
  to: string[];
  from: string;
  subject: string;
  /** ISO 8601; when the message has no date, when it arrived. */
  date: string;
  messageId: string | null;
};
export type Message = MessageSummary & {
  text: string | null;
  html: string | null;
  attachments: { filename: string | null; mimeType: string; size: number }[];
};

export async function parseMessage(id: string, raw: Buffer): Promise<Message> {
  const mail = await PostalMime.parse(raw, { attachmentEncoding: 'arraybuffer' });
  const envelope = mail.headers.find((header) => header.key === 'x-envelope-to')?.value;
  return {
    id,
    to: envelope === undefined ? addresses(mail.to) : addresses(addressParser(envelope)),
    from: addresses(mail.from === undefined ? [] : [mail.from])[0] ?? '',
    subject: mail.subject ?? '',
    date: mail.date ?? new Date(Number(id.split('-')[0])).toISOString(),
    messageId: mail.messageId ?? null,
    text: mail.text ?? null,
    html: mail.html ?? null,
    attachments: mail.attachments.map(({ filename, mimeType, content }) => ({
      filename,
      mimeType,
      size: typeof content === 'string' ? content.length : content.byteLength,
    })),
  };
}

export function summaryOf(message: Message): MessageSummary {
  const { id, to, from, subject, date, messageId } = message;
  return { id, to, from, subject, date, messageId };
}

function addresses(list: readonly Address[] | undefined): string[] {
  return (list ?? []).flatMap((entry) =>
    entry.group === undefined ? [entry.address] : entry.group.map((member) => member.address),
  );
}
