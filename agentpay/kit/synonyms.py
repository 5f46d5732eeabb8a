"""Words for the same thing, within and across English and Portuguese: a modest table of what storefronts sell. Pure.

Each line is one concept, named by its first word. A text that holds any of its words or phrases is indexed under the
concept's mark (`~candle`), and a query that holds one asks for the mark too, below the words themselves.
`kit.words.INDEX_VERSION` changes with the table.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from agentpay.kit.spelling import deletions, mistakes
from agentpay.kit.words import forms, is_content, words

MARK: Final = "~"
WORDS_CACHED_MAX: Final = 20_000
TYPO_CHARACTERS_MIN: Final = 6
"""A short unknown word is rather a name than a mistyped synonym."""

_TABLE: Final = """
focus, concentration, concentrate, productivity, productive, attention, distraction, foco, concentração, concentrar,
  produtividade, produtivo, atenção, distração, focar
calm, relax, relaxation, relaxing, stress, anxiety, unwind, soothing, calma, calmo, relaxar, relaxante, relaxamento,
  estresse, ansiedade, tranquilo, acalmar
sleep, insomnia, bedtime, sleeping, asleep, dormir, sono, insônia, sleepy, bed time
meditation, meditate, mindfulness, breathing, breathe, meditação, meditar, atenção plena, respiração, respirar
study, studying, student, exam, exams, estudo, estudar, estudante, prova, provas, vestibular, concurso
write, writing, writer, journaling, escrever, escrita, escritor, redação
read, reading, reader, leitura, ler, leitor
habit, routine, ritual, hábito, rotina
team, teams, company, business, group, equipe, empresa, empresarial, negócio, time, grupo, corporate
beginner, starter, beginners, newbie, basics, introduction, iniciante, começar, básico, introdução, do zero, from
  scratch
gift, present, gifts, giftable, birthday, christmas, presente, presentear, lembrança, aniversário, natal, presentinho,
  mimo
mother, mom, mum, mothers day, mãe, dia das mães
father, dad, fathers day, pai, dia dos pais
child, kid, kids, children, baby, toddler, criança, crianças, infantil, bebê, filho, filha
woman, women, lady, ladies, mulher, mulheres, feminino, feminina, wife, girlfriend, esposa, namorada
man, men, homem, homens, masculino, masculina, husband, boyfriend, marido, namorado
pet, dog, puppy, cachorro, cão, pets, bicho de estimação
cat, kitten, gato, gatinho
wedding, bride, marriage, casamento, noiva
travel, trip, journey, viagem, viajar
home, house, decor, decoration, interior, casa, decoração, lar
kitchen, cooking, cook, cozinha, cozinhar
garden, gardening, plant, plants, seeds, jardim, jardinagem, planta, plantas, sementes
office, desk, workspace, workplace, escritório, mesa, escrivaninha, home office
candle, candles, vela, velas, soy wax, wick
scent, scented, fragrance, perfume, aroma, aromatic, smell, aromatherapy, cheiro, cheirinho, perfumado, fragrância,
  aromático, aromatizante, aromaterapia, aromatizador, diffuser, difusor
incense, incenso
soap, sabonete, sabão
skincare, skin care, moisturizer, cream, lotion, cuidados com a pele, hidratante, creme, loção
hair, shampoo, cabelo, xampu
lavender, lavanda, alfazema
orange, citrus, laranja, cítrico
rosemary, alecrim
vanilla, baunilha
cinnamon, canela
rose, rosa, roses, rosas
mint, peppermint, menta, hortelã
wood, wooden, madeira, cedar, cedro, sandalwood, sândalo, woody, amadeirado
coffee, espresso, café, cafezinho
tea, teas, chá, chás, infusion, infusão
chocolate, cocoa, cacau, bombom
wine, vinho
mug, cup, caneca, xícara, copo
bottle, flask, garrafa, squeeze
blanket, throw, cobertor, manta
pillow, cushion, travesseiro, almofada
rug, mat, carpet, tapete
towel, toalha
lamp, light, lighting, lantern, luminária, lâmpada, luz, abajur, iluminação
hourglass, timer, pomodoro, ampulheta, temporizador, sand timer, cronômetro
clock, watch, relógio
keyboard, teclado
mousepad, mouse pad, desk mat, desk pad, mouse mat
headphones, headphone, earphones, earbuds, headset, fone, fone de ouvido, fones de ouvido, fones
speaker, loudspeaker, caixa de som, alto falante
laptop, notebook computer, computador, computer, pc
phone, smartphone, mobile, celular, telefone
charger, cable, carregador, cabo
pen, pens, caneta, canetas, ballpoint, esferográfica, fountain pen
pencil, lápis, crayon
notebook, journal, diary, notepad, caderno, diário, caderneta, bloco de notas, bullet journal, bujo
planner, agenda, organizer, organiser, scheduler, calendar, planejador, calendário, organizador, planejamento,
  organize, organizar
card, cards, deck, cartão, cartões, carta, cartas, baralho
sticker, stickers, decal, adesivo, adesivos, figurinha
poster, print, wall art, artwork, pôster, quadro, gravura, arte
shirt, tshirt, t-shirt, tee, camiseta, camisa, blusa
hoodie, sweatshirt, sweater, jumper, moletom, suéter
hat, cap, beanie, boné, chapéu, gorro
shoes, shoe, sneakers, sapato, sapatos, tênis
socks, sock, meia, meias
bag, tote, backpack, purse, bolsa, sacola, mochila, ecobag
wallet, carteira
jewelry, jewellery, necklace, ring, earrings, bracelet, joia, colar, anel, brinco, brincos, pulseira, bijuteria
toy, toys, brinquedo, brinquedos
game, games, puzzle, jogo, jogos, quebra cabeça
course, class, lesson, lessons, workshop, tutorial, training, masterclass, bootcamp, curso, aula, aulas, oficina,
  treinamento, capacitação
certificate, certification, certificado, certificação, diploma
coaching, mentoring, mentor, mentorship, consultation, consulting, mentoria, consultoria, call, session, sessão
book, books, livro, livros, ebook, e-book, livro digital, kindle, epub
guide, handbook, manual, guia
ebook, e-book, digital book, electronic book, livro digital, livro eletrônico, kindle, epub
audiobook, audio book, audiolivro
essay, essays, ensaio, ensaios, article, artigo
poetry, poem, poems, poesia, poema
cookbook, recipe, recipes, recipe book, receita, receitas, livro de receitas
template, templates, layout, modelo, modelos, gabarito
notion, notion template
spreadsheet, excel, google sheets, planilha, planilhas
resume, cv, curriculum, currículo
invoice, quote, proposal, contract, fatura, orçamento, proposta, contrato
freelance, freelancer, self employed, autônomo, freela
email, e-mail, inbox, mail, correio, caixa de entrada
meeting, meetings, reunião, reuniões
finance, budget, money management, savings, finanças, financeiro, economia, budgeting, controle financeiro
marketing, advertising, ads, seo, publicidade, anúncios, divulgação
design, designer, graphic, design gráfico
font, typeface, typography, fonte, tipografia
icon, icons, ícone, ícones
illustration, drawing, draw, sketch, ilustração, desenho, desenhar
photo, photography, picture, camera, foto, fotografia, câmera, fotógrafo
preset, presets, filter, lightroom, filtro
video, film, movie, vídeo, filme
music, song, sound, audio, soundscape, melody, música, som, áudio, canção, sons, trilha sonora, white noise, ruído
  branco
guitar, violão, guitarra
language, english, idioma, inglês, língua
programming, coding, developer, software development, programação, programar, desenvolvedor, código, code
software, app, application, program, aplicativo, programa, tool, ferramenta, tools, ferramentas
plugin, extension, add on, addon, plug-in, extensão
theme, themes, skin, tema, temas
website, web site, landing page, site, página
license, licence, license key, licença, chave de licença
support, suporte, assistance, assistência
subscription, membership, member, plan, monthly plan, assinatura, plano, mensalidade, associado, membro, clube, club
weekly, week, weeks, semanal, semana, semanas
yearly, annual, annually, anual, anualmente
monthly, per month, mensal, por mês
trial, free trial, try for free, teste grátis, período de teste, degustação, experimentar
free, gratis, freebie, no cost, grátis, gratuito, gratuita, de graça, sem custo
digital, download, downloadable, pdf, digitais, baixar, arquivo
printable, print at home, imprimir, para imprimir, imprimível
physical, handmade, hand made, handcrafted, artesanal, feito à mão, feita à mão
engraved, engraving, personalized, custom made, gravado, gravação, personalizado, gravada, personalizada
eco, sustainable, plastic free, recycled, sustentável, ecológico, sem plástico, reciclado
vegan, vegano, vegana, plant based
leather, couro
glass, vidro
cotton, algodão
fitness, workout, gym, exercise, treino, academia, exercício, musculação
yoga, pilates, stretching, ioga, alongamento
running, run, runner, jogging, corrida, correr
diet, nutrition, weight loss, dieta, nutrição, emagrecer, meal plan
health, wellness, wellbeing, self care, saúde, bem estar, autocuidado
community, forum, network, comunidade, fórum
bundle, kit, set, pack, collection, combo, conjunto, pacote, coleção
refund, refunds, money back, reimbursement, reembolso, reembolsar, estorno, estornar, dinheiro de volta
return, returns, exchange, send back, devolução, devolver, troca, trocar, change my mind, arrependimento, desistir
shipping, ship, delivery, deliver, postage, courier, frete, entrega, entregar, envio, enviar, correios,
  encomenda
tracking, track, rastreio, rastrear, rastreamento
payment, pay, paying, installments, instalments, parcelar, parcelado, parcelamento, parcelas,
  pagamento, pagar, credit card, debit card, cartão de crédito, forma de pagamento
pix, boleto, bank transfer, transferência
tax, taxes, vat, sales tax, imposto, impostos, tributo
receipt, invoices, nota fiscal, nota, recibo, comprovante, tax invoice, vat invoice
cancel, cancellation, cancelling, unsubscribe, cancelar, cancelamento, encerrar
access, login, log in, sign in, password, acesso, acessar, entrar, senha, get in, locked out
warranty, guarantee, garantia
broken, defective, damaged, faulty, defeito, quebrado, danificado, estragado
privacy, personal data, gdpr, data protection, privacidade, dados pessoais, lgpd
contact, opening hours, reach, talk to, speak to, contato, atendimento, horário, falar com, human, atendente
discount, coupon, promo, promotion, voucher, desconto, cupom, promoção
international, abroad, overseas, worldwide, internacional, exterior
box, crate, caixa, hamper, cesta
"""

Pattern = tuple[frozenset[str], ...]


def _phrases(line: str) -> list[list[str]]:
    return [words(phrase) for phrase in line.split(",")]


def _read(table: str) -> tuple[dict[str, tuple[str, ...]], dict[str, list[tuple[Pattern, str]]]]:
    """Single words by any of their forms, and longer phrases by any form of their first word."""
    single: dict[str, dict[str, None]] = defaultdict(dict)
    longer: dict[str, list[tuple[Pattern, str]]] = defaultdict(list)
    for line in filter(None, table.replace("\n  ", " ").split("\n")):
        phrases = _phrases(line)
        concept = MARK + phrases[0][0]
        for phrase in phrases:
            if len(phrase) == 1:
                for form in forms(phrase[0]):
                    single[form][concept] = None
                continue
            pattern = tuple(frozenset(forms(word)) for word in phrase)
            for form in pattern[0]:
                longer[form].append((pattern, concept))
    return {form: tuple(concepts) for form, concepts in single.items()}, dict(longer)


_SINGLE, _LONGER = _read(_TABLE)


def _near(single: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for word in single:
        if len(word) >= TYPO_CHARACTERS_MIN:
            for shortened in deletions(word):
                found[shortened].append(word)
    return dict(found)


_NEAR = _near(_SINGLE)


@lru_cache(maxsize=WORDS_CACHED_MAX)
def concepts_of(word: str) -> tuple[str, ...]:
    """Marks of the concepts that a folded word stands for; mostly none or one."""
    return tuple(dict.fromkeys(concept for form in forms(word) for concept in _SINGLE.get(form, ())))


def phrases_in(sequence: Sequence[str]) -> list[str]:
    """Marks of the concepts that phrases of several words in `sequence` (`kit.words.words`) stand for."""
    found: dict[str, None] = {}
    for index, word in enumerate(sequence):
        for form in forms(word):
            for pattern, concept in _LONGER.get(form, ()):
                if _matches(pattern, sequence[index : index + len(pattern)]):
                    found[concept] = None
    return list(found)


def meant_concepts(word: str) -> tuple[str, ...]:
    """Concepts of the table's words that `word` may be a typing mistake of."""
    if len(word) < TYPO_CHARACTERS_MIN:
        return ()
    near = {known for shortened in deletions(word) for known in _NEAR.get(shortened, ())}
    likely = sorted(known for known in near if mistakes(word, known) is not None)
    return tuple(dict.fromkeys(concept for known in likely for concept in _SINGLE[known]))


def marks_in(sequence: Sequence[str]) -> list[str]:
    """All concepts of a text, given by its words (`kit.words.words`): what is indexed beside them."""
    single = (concept for word in sequence if is_content(word) for concept in concepts_of(word))
    return list(dict.fromkeys((*single, *phrases_in(sequence))))


def _matches(pattern: Pattern, sequence: Sequence[str]) -> bool:
    return len(sequence) == len(pattern) and all(
        not expected.isdisjoint(forms(word)) for expected, word in zip(pattern, sequence, strict=True)
    )
