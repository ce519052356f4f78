"""Train the model on dialogues that are written while it learns.

Every run with the same settings sees the same dialogues in the same order. A checkpoint holds
all that is needed to go on after an interruption: run the same command again.
"""

import argparse
import copy
import math
import queue
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from picoserve_tiny.batches import Batch, shard
from picoserve_tiny.export import read_weights
from picoserve_tiny.model import ModelShape, TinyModel


@dataclass
class Settings:
    """What can be chosen on the command line."""

    run: Path
    tokenizer: Path
    start: Path | None = None
    steps: int = 2000
    easy_shards: int = 6
    batches_per_step: int = 8
    tokens_per_batch: int = 2048
    muon_rate: float = 5e-3
    adam_rate: float = 3e-3
    decay_share: float = 0.3
    averaging: float = 0.98
    seed: int = 1
    width: int = 256
    layers: int = 5
    heads: int = 4
    hidden: int = 640
    threads: int = 2
    save_every: int = 50


class Trainer:
    """The network, its optimizers and its place in the data."""

    def __init__(self, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        # One thread for each row of batches, and none waits for the other inside of a step: two
        # threads in one matrix would both run at the pace of the core that others use as well.
        torch.set_num_threads(1)
        self.settings = settings
        self.tokenizer = Tokenizer.from_file(str(settings.tokenizer))
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.shape = ModelShape(
            vocabulary=self.tokenizer.get_vocab_size(),
            width=settings.width,
            layers=settings.layers,
            heads=settings.heads,
            hidden=settings.hidden,
        )
        self.model = TinyModel(self.shape).to(self.device)
        if settings.start is not None:
            self.model.load_state_dict(read_weights(settings.start, self.shape))
        self.average = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.replicas = [self._replica() for _ in range(settings.threads)]
        self.pool = ThreadPoolExecutor(settings.threads)
        matrices = [item for item in self.model.layers.parameters() if item.dim() == 2]
        norms = [item for item in self.model.parameters() if item.dim() == 1]
        others: list[Tensor] = [*norms, self.model.embedding.weight]
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, lr=settings.adam_rate, betas=(0.9, 0.98), weight_decay=0.0),
            *(
                torch.optim.Muon(
                    matrices[part :: settings.threads],
                    lr=settings.muon_rate,
                    weight_decay=0.05,
                    adjust_lr_fn="match_rms_adamw",
                )
                for part in range(settings.threads)
            ),
        ]
        self.rates = [settings.adam_rate, *[settings.muon_rate] * settings.threads]
        self.step = self.shard = self.batch = self.tokens = 0
        self.seconds = 0.0

    def batches(self) -> Iterator[Batch]:
        """The batches from here on, without end."""
        while True:
            easy = self.shard < self.settings.easy_shards
            seed = f"{self.settings.seed}/{self.shard}"
            made = shard(seed, self.tokenizer, self.settings.tokens_per_batch, easy=easy)
            for index, batch in enumerate(made):
                if index < self.batch:
                    continue
                self.batch = index + 1
                yield batch
            self.shard, self.batch = self.shard + 1, 0

    def learn(self, batches: Iterator[Batch]) -> float:
        """One step of the optimizers; gives the loss on what the assistant says."""
        rate = self._rate()
        for optimizer, peak in zip(self.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * rate
        taken = [next(batches) for _ in range(self.settings.batches_per_step)]
        shown = self._gradients(taken)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for waiting in [self.pool.submit(one.step) for one in self.optimizers]:
            waiting.result()
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        keep = min(self.settings.averaging, 1 - 1 / (self.step + 2))
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value, 1 - keep)
        self.step += 1
        return shown

    def _replica(self) -> TinyModel:
        """The same weights, with gradients of their own."""
        replica = copy.deepcopy(self.model)
        for mine, shared in zip(replica.parameters(), self.model.parameters(), strict=True):
            mine.data = shared.data
        return replica

    def _gradients(self, taken: list[Batch]) -> float:
        """Fill in the gradients of all batches together; gives the loss on what is said."""
        whole = sum(float(batch.weights.sum()) for batch in taken)
        spoken = sum(float((batch.weights == 1).sum()) for batch in taken)
        waiting: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        for batch in taken:
            waiting.put(batch)
            self.tokens += batch.tokens.numel()
        work = [self.pool.submit(self._work, one, waiting, whole) for one in self.replicas]
        shown = sum(item.result() for item in work)
        for parameter, *parts in zip(
            self.model.parameters(), *(one.parameters() for one in self.replicas), strict=True
        ):
            grads = [part.grad for part in parts if part.grad is not None]
            parameter.grad = torch.stack(grads).sum(0)
            for part in parts:
                part.grad = None
        return shown / spoken

    def _work(self, replica: TinyModel, waiting: queue.SimpleQueue[Batch], whole: float) -> float:
        """Take batches until there are none left."""
        shown = 0.0
        while True:
            try:
                batch = waiting.get_nowait()
            except queue.Empty:
                return shown
            losses = self._losses(replica, batch)
            weights = batch.weights.to(self.device)
            torch.autograd.backward((losses * weights).sum().div(whole))
            shown += float(losses.detach()[weights == 1].sum())

    def _losses(self, model: TinyModel, batch: Batch) -> Tensor:
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            hidden = model.hidden_states(batch.tokens.to(self.device))
            picked = hidden.flatten(0, 1)[batch.places.to(self.device)]
            logits = functional.linear(picked, model.embedding.weight)
        targets = batch.targets.to(self.device)
        return functional.cross_entropy(logits.float(), targets, reduction="none")

    def _rate(self) -> float:
        """A short rise, a plateau, and a straight way down to zero at the end."""
        rise = min(1.0, (self.step + 1) / 60)
        left = (self.settings.steps - self.step) / (self.settings.steps * self.settings.decay_share)
        return min(rise, max(left, 0.0), 1.0)

    def save(self) -> None:
        """Write the checkpoint; an interruption never leaves a broken one."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "shape": asdict(self.shape),
            "place": (self.step, self.shard, self.batch, self.tokens, self.seconds),
            "random": torch.get_rng_state(),
        }
        path = self.settings.run / "checkpoint.pt"
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        path = self.settings.run / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.shard, self.batch, self.tokens, self.seconds = state["place"]
        torch.set_rng_state(state["random"].cpu())


def _show(trainer: Trainer, loss: float) -> None:
    steps = trainer.settings.steps
    filled = 30 * trainer.step // steps
    left = trainer.seconds / max(trainer.step, 1) * (steps - trainer.step)
    speed = trainer.tokens / max(trainer.seconds, 1e-9)
    line = (
        f"[{'#' * filled:<30}] {trainer.step}/{steps} loss {loss:.4f} "
        f"{trainer.tokens / 1e6:.1f}M tokens {speed:.0f}/s {left / 60:.0f} min left"
    )
    end = "\r" if sys.stderr.isatty() else "\n"
    sys.stderr.write(line + end)
    sys.stderr.flush()


def run(settings: Settings) -> None:
    """Train to the last step."""
    settings.run.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(settings)
    trainer.resume()
    batches = trainer.batches()
    recent = math.nan
    while trainer.step < settings.steps:
        started = time.monotonic()
        loss = trainer.learn(batches)
        trainer.seconds += time.monotonic() - started
        recent = loss if math.isnan(recent) else 0.9 * recent + 0.1 * loss
        if trainer.step % 10 == 0:
            _show(trainer, recent)
        if trainer.step % settings.save_every == 0:
            trainer.save()
    trainer.save()


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    for item in fields(Settings):
        name = f"--{item.name.replace('_', '-')}"
        if item.default is MISSING:
            parser.add_argument(name, type=Path, required=True)
        elif item.default is None:
            parser.add_argument(name, type=Path, help="a GGUF whose weights the run begins with")
        else:
            parser.add_argument(name, type=type(item.default), default=item.default)
    run(Settings(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
