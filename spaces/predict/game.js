// Beat the model: a guess is a press of a button; afterwards the keyboard stands on the button for the next round.
element.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-guess], button[data-guess-typed], button[data-next]");
  if (!button || button.disabled) return;
  if ("guess" in button.dataset) trigger("guess", { guess: button.dataset.guess });
  else if ("guessTyped" in button.dataset) {
    const field = button.previousElementSibling;
    if (field.reportValidity()) trigger("guess", { guess: field.value });
  }
  else trigger("next");
});
element.addEventListener("keydown", ({ key, target }) => {
  if (key === "Enter" && target.matches(".guess input")) target.nextElementSibling.click();
});
watch("value", () => {
  const inside = document.activeElement === document.body || element.contains(document.activeElement);
  const first = element.querySelector("button[data-next], button[data-guess], .guess input");
  if (inside && first) first.focus({ preventScroll: true });
});
