import type { ComposeFile, Service } from './compose.ts';
import { imageRule, pinProblem } from './images.ts';

/** What every service has to have, whoever made its image. */
export function serviceProblems(service: Service, { volumes }: ComposeFile): string[] {
  const { build, deploy, healthcheck, image, restart } = service;
  const problems: string[] = [];
  const pin = build === undefined ? pinProblem(image) : undefined;
  if (pin !== undefined) problems.push(pin);
  if (healthcheck === undefined || healthcheck.test[0] === 'NONE') {
    problems.push('has no healthcheck');
  }
  if (restart === undefined || restart === 'no') problems.push('has no restart policy');
  if (deploy === undefined) problems.push('has no memory limit (deploy.resources.limits)');
  for (const volume of service.volumes) {
    const [source = ''] = volume.split(':');
    if (!/^[./]/.test(source) && !(source in volumes)) {
      problems.push(`the volume ${source} is not declared`);
    }
  }
  return build === undefined ? [...problems, ...foreignProblems(service)] : problems;
}

/** What is known of an image that others make. */
function foreignProblems({ environment, image, volumes }: Service): string[] {
  const rule = imageRule(image);
  if (rule === undefined) {
    return [`${image} is not known: say in images.ts where it keeps its state`];
  }
  const problems = Object.keys(environment)
    .filter((name) => !rule.variables.includes(name) && rule.own?.test(name) !== true)
    .map((name) => `${name} is no variable that ${image} is known to read (images.ts)`);
  const { state } = rule;
  const kept = volumes.some((volume) => /^[a-z]/.test(volume) && volume.split(':')[1] === state);
  if (state !== undefined && !kept) {
    problems.push(`${state} is in no named volume: its data goes with the container`);
  }
  return problems;
}

type Published = { readonly service: string; readonly host: string; readonly target: number };

/** `127.0.0.1:4000:4000`, the one form that says who may connect. */
export function publishedPorts(services: ComposeFile['services']): {
  ports: Published[];
  findings: string[];
} {
  const ports: Published[] = [];
  const findings: string[] = [];
  for (const [service, { ports: list }] of Object.entries(services)) {
    for (const port of list) {
      const [, host, target] = /^127\.0\.0\.1:(\d+):(\d+)$/.exec(port) ?? [];
      if (host === undefined) {
        findings.push(`${service}: ${port} is open to the network: write 127.0.0.1:${port}`);
        continue;
      }
      const other = ports.find((each) => each.host === host);
      if (other !== undefined) {
        findings.push(`${service}: port ${host} is taken by ${other.service}`);
      }
      ports.push({ service, host, target: Number(target) });
    }
  }
  return { ports, findings };
}

/** Who waits for whom, and whom a URL names. */
export function linkProblems(services: ComposeFile['services']): string[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const waits = Object.entries(service.depends_on).flatMap(([other, { condition }]) => {
      const target = services[other];
      if (target === undefined) return [`waits for ${other}, which is no service`];
      if (condition !== 'service_healthy') return [`does not wait until ${other} is healthy`];
      const always = target.profiles.length === 0;
      return always || service.profiles.length > 0
        ? []
        : [`waits for ${other}, which runs in a profile only`];
    });
    const calls = Object.entries(service.environment).flatMap(([variable, value]) => {
      const host = hostOf(value);
      return host === undefined || host in services
        ? []
        : [`${variable} names the host ${host}, which is no service`];
    });
    return [...waits, ...calls].map((problem) => `${name}: ${problem}`);
  });
}

/** The host of a URL when it can only be a service: a name without a dot. */
function hostOf(value: string): string | undefined {
  if (!/^[a-z+]+:\/\//.test(value) || !URL.canParse(value)) return undefined;
  const host = new URL(value).hostname;
  return /^[a-z][a-z0-9-]*$/.test(host) && host !== 'localhost' ? host : undefined;
}
