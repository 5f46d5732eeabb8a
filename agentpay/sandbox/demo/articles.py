"""What Clareira's agents may answer from: policies, questions and guides, in English and Portuguese."""

from agentpay.sandbox.demo.shapes import ArticleText

ENGLISH = (
    ArticleText(
        slug="refunds",
        type="policy",
        language="en",
        title="Refunds and returns",
        content="""
            You have 30 days to change your mind. Digital goods (courses, templates, e-books): write to us
            within 30 days of buying and we refund the full amount, no questions asked. Objects: send them
            back unused within 30 days; we refund the price as soon as the parcel arrives, and we pay the
            return label inside the EU, the UK, the US and Brazil. Engraved pens are made for you and cannot
            be returned unless they arrive damaged. To exchange an object for another colour or model, write
            to us first and keep the parcel until we answer. Refunds go back to the card or account that
            paid, within 5 to 10 days.
        """,
    ),
    ArticleText(
        slug="shipping",
        type="policy",
        language="en",
        title="Shipping: where, how long, how much",
        content="""
            We post candles, keyboards, lamps and everything else that is an object within two working days.
            Delivery takes 2 to 4 working days in Portugal and Spain, 4 to 7 in the rest of the EU and the
            UK, 6 to 10 in the United States and Canada, 8 to 14 in Brazil and 7 to 12 in Japan. Shipping
            costs €4.90 in the EU, £5.90 to the UK, $9.90 to the US and Canada, R$ 39,00 to Brazil and
            ¥1,800 to Japan; it is free for orders above $120. You receive a tracking link by e-mail.
            Digital goods have no shipping: the download link arrives at once.
        """,
    ),
    ArticleText(
        slug="payment",
        type="faq",
        language="en",
        title="How can I pay?",
        content="""
            All major cards (Visa, Mastercard, American Express), Apple Pay and Google Pay; the payment page
            shows what is available in your country. PIX and boleto are not available yet. Payment is
            handled by Polar, our merchant of record, on an encrypted page: we never see your card number.
            You are charged once, when the order is confirmed. If a card is declined, nothing is charged and
            you may try again with another one.
        """,
    ),
    ArticleText(
        slug="invoices",
        type="faq",
        language="en",
        title="Tax and invoices",
        content="""
            Polar is the merchant of record: it works out VAT or sales tax for your country, and adds it at
            the checkout where prices do not already include it. Every order comes with an invoice that you
            can download from the receipt e-mail. For a company invoice, enter the company name and VAT
            number on the payment page; a wrong name can be corrected on the invoice afterwards.
        """,
    ),
    ArticleText(
        slug="licence",
        type="policy",
        language="en",
        title="Licence: what you may do with our digital goods",
        content="""
            Courses, templates and e-books are for one person, on all your devices, for as long as you like.
            You may adapt templates for your own work and your clients' projects. You may not resell them or
            pass the files on. For a team, take Clareira for Teams or write to us for a group licence. Deep
            Focus owners get all later updates of the course without paying again.
        """,
    ),
    ArticleText(
        slug="privacy",
        type="policy",
        language="en",
        title="Privacy: what we keep about you",
        content="""
            We keep what we need to deliver your order: name, e-mail, address for parcels, and what you
            bought. We do not sell data and we send no newsletter unless you ask for it. Conversations in
            this chat are kept for a year; you can ask for a copy or have yours erased at any time. Card
            data stay with the payment processor.
        """,
    ),
    ArticleText(
        slug="contact",
        type="faq",
        language="en",
        title="Who are you, and how do I reach a person?",
        content="""
            Clareira is a studio of five people in Lisbon and São Paulo. Ask for a person in this chat at
            any time, or write to hello@clareira.example. We answer Monday to Friday, 9:00 to 18:00 Lisbon
            time, usually within four hours.
        """,
    ),
    ArticleText(
        slug="cancel",
        type="guide",
        language="en",
        title="Cancel or change a subscription",
        content="""
            Open the link “Manage subscription” in your receipt e-mail, then choose Cancel. You keep access
            until the end of the paid period and are not charged again. During a free trial nothing is
            charged if you cancel before it ends: 14 days for the monthly membership, 7 for Soundscapes+.
            Switching from monthly to yearly is possible on the same page; what you have paid is credited.
        """,
    ),
    ArticleText(
        slug="access",
        type="guide",
        language="en",
        title="I bought something: how do I get in?",
        content="""
            Seconds after the payment you receive a receipt e-mail with your download links and access
            codes. Nothing there? Look in the spam folder, then search for “Clareira”. Courses open at
            clareira.example/learn with the e-mail address you paid with. Notion templates open as a copy:
            press Duplicate. Still locked out? Ask here with your order number and we send the link again.
        """,
    ),
    ArticleText(
        slug="keyboard",
        type="guide",
        language="en",
        title="Kumo keyboard: pairing and layouts",
        content="""
            Hold Fn and 1, 2 or 3 for three seconds until the light blinks, then choose Kumo 65 in your
            computer's Bluetooth settings. Fn + Tab changes between macOS and Windows keys. The US, UK and
            ABNT2 versions differ in their caps: choose the layout on the payment page. If keys repeat or go
            silent, pull the switch out and press it in again; spare switches are in the box. The two-year
            warranty covers everything but spilt coffee.
        """,
    ),
)

PORTUGUESE = (
    ArticleText(
        slug="reembolso",
        type="policy",
        language="pt",
        title="Reembolso, troca e devolução",
        content="""
            Você tem 30 dias para desistir. Produtos digitais (cursos, modelos, e-books): escreva para nós
            em até 30 dias e devolvemos o valor total. Objetos: devolva sem uso em até 30 dias; o reembolso
            sai assim que o pacote chega, e a etiqueta de devolução é por nossa conta no Brasil, na União
            Europeia, no Reino Unido e nos EUA. Canetas gravadas são feitas para você e só podem ser
            devolvidas com defeito. Para trocar por outra cor ou modelo, fale conosco antes. O dinheiro
            volta para o mesmo cartão ou conta em 5 a 10 dias.
        """,
    ),
    ArticleText(
        slug="frete",
        type="policy",
        language="pt",
        title="Frete e prazo de entrega",
        content="""
            Postamos em até dois dias úteis. O prazo de entrega é de 8 a 14 dias úteis no Brasil, 2 a 4 em
            Portugal e na Espanha, 4 a 7 no resto da União Europeia e 6 a 10 nos Estados Unidos. O frete
            custa R$ 39,00 para o Brasil e € 4,90 na União Europeia, e é grátis em pedidos acima de R$
            600,00. Você recebe o código de rastreio por e-mail. Produtos digitais não têm frete: o link
            chega na hora.
        """,
    ),
    ArticleText(
        slug="pagamento",
        type="faq",
        language="pt",
        title="Formas de pagamento: cartão, PIX e boleto",
        content="""
            Aceitamos cartões de crédito e débito (Visa, Mastercard, American Express, Elo onde disponível),
            Apple Pay e Google Pay. PIX e boleto ainda não estão disponíveis. O pagamento é feito na página
            segura da Polar: nunca vemos o número do seu cartão. Se o cartão for recusado, nada é cobrado e
            você pode tentar com outro.
        """,
    ),
    ArticleText(
        slug="nota-fiscal",
        type="faq",
        language="pt",
        title="Impostos e nota fiscal",
        content="""
            A Polar é a vendedora registrada: calcula os impostos do seu país e emite um recibo (invoice)
            para cada pedido, que você baixa pelo e-mail de confirmação. Para emitir em nome de empresa,
            informe a razão social e o número fiscal na página de pagamento. Não emitimos nota fiscal
            brasileira.
        """,
    ),
    ArticleText(
        slug="cancelar",
        type="guide",
        language="pt",
        title="Cancelar ou mudar a assinatura",
        content="""
            Abra “Gerenciar assinatura” no e-mail do recibo e escolha Cancelar. O acesso continua até o fim
            do período pago e não há nova cobrança. No período de teste grátis (14 dias na assinatura
            mensal, 7 no Soundscapes+) nada é cobrado se você cancelar antes do fim. Para mudar do plano
            mensal para o anual, use a mesma página.
        """,
    ),
    ArticleText(
        slug="acesso",
        type="guide",
        language="pt",
        title="Comprei: como recebo o acesso?",
        content="""
            Segundos depois do pagamento chega um e-mail com os links de download e os códigos de acesso.
            Não chegou? Veja a caixa de spam e procure por “Clareira”. Os cursos abrem em
            clareira.example/learn com o e-mail da compra. Se ainda não conseguir entrar, escreva aqui com o
            número do pedido e reenviamos o link.
        """,
    ),
    ArticleText(
        slug="contato",
        type="faq",
        language="pt",
        title="Quem somos e como falar com uma pessoa",
        content="""
            A Clareira é um estúdio de cinco pessoas em Lisboa e São Paulo. Peça para falar com uma pessoa
            aqui no chat a qualquer momento, ou escreva para hello@clareira.example. Respondemos de segunda
            a sexta, das 9h às 18h de Lisboa, em geral em até quatro horas.
        """,
    ),
)

ARTICLES = (*ENGLISH, *PORTUGUESE)
