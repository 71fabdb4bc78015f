// Hides what does not have every word that is looked for, and all that is empty then.
const find = document.querySelector('#find')
const only = document.querySelector('#only')
const found = document.querySelector('#found')
const parts = [...document.querySelectorAll('.part')]
const blocks = [...document.querySelectorAll('.block')].map((element) => ({
  element,
  text: element.textContent.toLowerCase(),
  requirement: element.classList.contains('requirement'),
  excepted: 'excepted' in element.dataset,
}))
const entries = [...document.querySelectorAll('nav a')].map((link) => ({
  item: link.parentElement,
  chapter: document.querySelector(link.getAttribute('href')),
}))

const ALL = {
  all: () => true,
  requirements: ({ requirement }) => requirement,
  excepted: ({ excepted }) => excepted,
}

const show = () => {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean)
  const whole = words.length === 0 && only.value === 'all'
  let count = 0
  for (const block of blocks) {
    const seen = ALL[only.value](block) && words.every((word) => block.text.includes(word))
    block.element.hidden = !seen
    if (seen && block.requirement) count++
  }
  // The first part of a chapter has its name.
  for (const part of parts)
    part.hidden =
      !whole && !part.matches('.chapter > :first-child') && part.querySelector('.block:not([hidden])') === null
  for (const { item, chapter } of entries) {
    chapter.hidden = !whole && chapter.querySelector('.block:not([hidden])') === null
    item.hidden = chapter.hidden
  }
  found.textContent = whole ? '' : `${count} requirements`
}

find.addEventListener('input', show)
only.addEventListener('change', show)
// A link to what is hidden shows everything again.
addEventListener('hashchange', () => {
  const target = document.getElementById(location.hash.slice(1))
  if (target?.closest('[hidden]') == null) return
  find.value = ''
  only.value = 'all'
  show()
  target.scrollIntoView()
})
// What is folded for want of room is printed, the quotations of code are not.
addEventListener('beforeprint', () => {
  for (const more of document.querySelectorAll('.more')) more.open = true
})
// The browser may have kept what was typed.
show()
