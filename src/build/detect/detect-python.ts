import { startOf, type Start } from '../start/start.ts'
import { dockerfileOf, dockerignoreOf, execForm, type DetectedProject } from './detected-project.ts'
import { healthPathIn, portIn } from './entry-hints.ts'
import type { ProjectFiles } from './project-files.ts'

const modules = ['main', 'app', 'server', 'api', 'wsgi', 'asgi', 'src/main', 'app/main', 'src/app']

/** A project with requirements.txt, pyproject.toml, Pipfile or a Python program with a usual name. */
export function detectPython(files: ProjectFiles): DetectedProject | undefined {
  const manifests = ['requirements.txt', 'pyproject.toml', 'Pipfile'].filter((name) => files.has(name))
  const program = modules.find((name) => files.has(`${name}.py`))
  if (manifests.length === 0 && (program === undefined || files.has('package.json'))) return undefined
  const wanted = manifests
    .map((name) => files.text(name) ?? '')
    .join('\n')
    .toLowerCase()
  const uses = (name: string) => new RegExp(`(?:^|[^\\w-])${name}(?:[^\\w-]|$)`, 'm').test(wanted)
  const found = startPython(files, uses)
  const text = program === undefined ? undefined : files.text(`${program}.py`)
  const port = found?.port ?? portIn(text) ?? 8080
  return {
    kind: 'python',
    label: found?.framework === undefined ? 'Python' : `Python (${found.framework})`,
    port,
    start: found?.start,
    healthPath: healthPathIn(text),
    dockerfile: dockerfileOf(
      'FROM python:3.13-slim',
      'WORKDIR /app',
      'ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1',
      ...(files.has('requirements.txt')
        ? ['COPY requirements.txt ./', 'RUN pip install --no-cache-dir -r requirements.txt', 'COPY . .']
        : files.has('pyproject.toml')
          ? ['COPY . .', 'RUN pip install --no-cache-dir .']
          : ['COPY . .']),
      `EXPOSE ${port}`,
      found === undefined ? undefined : `CMD ${execForm(found.start.kind === 'command' ? found.start.argv : [])}`,
    ),
    dockerignore: dockerignoreOf('.venv', 'venv', '**/__pycache__', '**/*.pyc', '.pytest_cache'),
    notes: [],
  }
}

interface FoundPython {
  readonly framework?: string
  readonly port?: number
  readonly start: Start
}
function startPython(files: ProjectFiles, uses: (name: string) => boolean): FoundPython | undefined {
  const python = (origin: string, ...words: readonly string[]) => startOf(origin, ['python3', ...words])
  if (files.has('manage.py') && uses('django')) {
    return { framework: 'Django', port: 8000, start: python('manage.py', 'manage.py', 'runserver', '0.0.0.0:8000', '--noreload') }
  }
  const asgi = appIn(files, /^(\w+)\s*(?::[^=\n]+)?=\s*(?:FastAPI|Starlette|Litestar|Quart)\(/m)
  if (asgi !== undefined && (uses('uvicorn') || uses('fastapi') || uses('starlette') || uses('litestar'))) {
    const framework = uses('fastapi') ? 'FastAPI' : 'ASGI'
    return { framework, port: 8080, start: python(asgi.file, '-m', 'uvicorn', asgi.target, '--host', '0.0.0.0', '--port', '8080') }
  }
  const flask = appIn(files, /^(\w+)\s*(?::[^=\n]+)?=\s*Flask\(/m)
  if (flask !== undefined) {
    const start = uses('gunicorn')
      ? python(flask.file, '-m', 'gunicorn', '--bind', '0.0.0.0:8080', flask.target)
      : python(flask.file, '-m', 'flask', '--app', flask.target, 'run', '--host', '0.0.0.0', '--port', '8080')
    return { framework: 'Flask', port: 8080, start }
  }
  const program = modules.find((name) => files.has(`${name}.py`))
  return program === undefined ? undefined : { start: python(`${program}.py`, `${program}.py`) }
}

/** The module and variable that hold a web application: `main:app`. */
function appIn(files: ProjectFiles, pattern: RegExp): { readonly file: string; readonly target: string } | undefined {
  for (const name of modules) {
    const match = pattern.exec(files.text(`${name}.py`) ?? '')
    if (match?.[1] !== undefined) return { file: `${name}.py`, target: `${name.replaceAll('/', '.')}:${match[1]}` }
  }
  return undefined
}
