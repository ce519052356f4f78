"""`POST /admin/engines/{name}/restart`; behind the admin key."""

from fastapi import APIRouter

from picoserve.server.state import State

router = APIRouter()


@router.post("/admin/engines/{name:path}/restart", status_code=202)
async def restart_engine(name: str, state: State) -> dict[str, str]:
    """Start one engine afresh, without stopping the others. Its running jobs are lost."""
    state.pool.restart(name)
    return {"engine": name, "status": "restarting"}
