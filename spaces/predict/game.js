// Beat the model: a guess is a press of a button; afterwards the keyboard stands on the button for the next round.
element.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-guess], button[data-guess-typed], button[data-next]");
  if (!button || button.disabled) return;
  if ("guess" in button.dataset) trigger("guess", { guess: button.dataset.guess });
  else if ("guessTyped" in button.dataset) trigger("guess", { guess: button.previousElementSibling.value });
  else trigger("next");
});
watch("value", () => {
  const inside = document.activeElement === document.body || element.contains(document.activeElement);
  const first = element.querySelector("button[data-next], button[data-guess]");
  if (inside && first) first.focus({ preventScroll: true });
});
