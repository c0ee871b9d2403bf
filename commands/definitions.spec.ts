import { describe, expect, it } from 'vitest';
import { refusalTable } from './_runtime/refusals.ts';
import { clientCommands, commands } from './index.ts';

describe('the table of commands', () => {
  it('has each name and each path once', () => {
    const names = commands.map((command) => command.name);
    expect(new Set(names).size).toBe(names.length);
    const paths = clientCommands.map((command) => command.path);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('mounts what clients send and nothing internal', () => {
    for (const command of clientCommands) {
      expect(command.path, command.name).not.toBeNull();
      expect(command.permission.kind, command.name).not.toBe('internal');
    }
    for (const command of commands.filter((each) => !clientCommands.includes(each))) {
      expect([command.path, command.permission.kind], command.name).toEqual([null, 'internal']);
    }
  });

  it.each(commands.map((command) => [command.name, command] as const))(
    '%s: example and refusals hold',
    (_name, command) => {
      expect(command.params.safeParse(command.example.params).error).toBeUndefined();
      expect(command.body.safeParse(command.example.body).error).toBeUndefined();
      expect(command.reply.safeParse(command.example.reply).error).toBeUndefined();
      expect(command.refusals.filter((code) => !(code in refusalTable))).toEqual([]);
      const placeholders = [...(command.path ?? '').matchAll(/:(\w+)/g)].map(([, name]) => name);
      if (command.path !== null)
        expect(Object.keys(command.params.shape).sort()).toEqual(placeholders.sort());
      expect(
        command.body.safeParse({ ...(command.example.body as object), nobodyDeclaredThis: 1 })
          .success,
      ).toBe(false);
    },
  );
});
